/**
 * Policy P1: what looks like personal data or a secret in free text, and its removal.
 *
 * Patterns err on the side of shapes that nothing else has: an operations text is full of
 * numbers, dates and digests that must survive. Each alternative is linear: none can backtrack
 * over the same characters twice in a way that hostile text could exploit.
 *
 * Pure.
 */

export type PersonalData = 'email' | 'phone' | 'ip' | 'token' | 'card' | 'national-id';

interface Shape {
  readonly kind: PersonalData;
  readonly pattern: RegExp;
  readonly isReal?: (text: string) => boolean;
}

/** In the order of removal: a token may hold what looks like the others. */
const shapes: readonly Shape[] = [
  { kind: 'token', pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g },
  { kind: 'token', pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----/g },
  { kind: 'token', pattern: /\bbearer\s{1,4}[\w.~+/-]{8,}=*/gi },
  { kind: 'token', pattern: /\b(?:sk|pk|ghp|gho|ghs|glpat|xox[abprs])[-_][\w-]{16,}/g },
  { kind: 'token', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  {
    kind: 'token',
    pattern: /\b(?:password|passwd|secret|token|api[_-]?key)\s{0,4}[=:]\s{0,4}[^\s,;]{4,}/gi,
  },
  { kind: 'token', pattern: /(?<![\w+/-])[\w+/-]{32,}={0,2}/g, isReal: mixesCharacters },
  {
    kind: 'email',
    pattern: /(?<![\w.%+-])[\w.%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/gi,
  },
  { kind: 'national-id', pattern: /(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])/g },
  { kind: 'card', pattern: /(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.])/g, isReal: passesLuhn },
  { kind: 'ip', pattern: /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)/g, isReal: isIpv4 },
  { kind: 'ip', pattern: /(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}(?::|[0-9a-f]{1,4})(?![\w:])/gi },
  {
    kind: 'ip',
    pattern: /(?<![\w:])(?:[0-9a-f]{1,4}:){1,6}:(?:[0-9a-f]{1,4}:){0,5}[0-9a-f]{1,4}(?![\w:])/gi,
  },
  { kind: 'phone', pattern: /(?<![\w.+])\+\d(?:[ ().-]{0,2}\d){7,14}(?![\w])/g },
  { kind: 'phone', pattern: /(?<![\w.-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])/g },
];

/** The kinds found, without repetition, in the order of the shapes. */
export function findPersonalData(text: string): readonly PersonalData[] {
  const found = shapes.filter(({ pattern, isReal }) =>
    [...text.matchAll(pattern)].some(([match]) => isReal?.(match) ?? true),
  );
  return [...new Set(found.map(({ kind }) => kind))];
}

/** The text with everything that looks personal or secret replaced by its kind. */
export function redact(text: string): string {
  return shapes.reduce(
    (rest, { kind, pattern, isReal }) =>
      rest.replaceAll(pattern, (match) => ((isReal?.(match) ?? true) ? `[${kind}]` : match)),
    text,
  );
}

/** Random-looking text has upper case, lower case and digits; a digest has one case only. */
function mixesCharacters(text: string): boolean {
  return /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text);
}

function isIpv4(text: string): boolean {
  return text.split('.').every((part) => Number(part) <= 255);
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(text: string): boolean {
  const digits = [...text].filter((character) => character >= '0' && character <= '9').map(Number);
  const sum = digits.toReversed().reduce((total, digit, index) => {
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
