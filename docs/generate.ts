/**
 * Writes docs/reference/ and .env.example from the code they describe: `npm run docs`.
 *
 * references() is pure, so that a test can compare what is committed with what would be written.
 */
import { writeFileSync } from 'node:fs';
import { endingOf } from '#gateway/cli/exit.ts';
import { statusOf } from '#gateway/errors.ts';
import { type ErrorCode, errorMeanings, QuorateError } from '#protocols/errors.ts';
import { envExample } from '#regions/env-example.ts';

export interface Reference {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
}

const notice =
  '<!-- Made by `npm run docs` from protocols/errors.ts, gateway/{errors,cli/exit}.ts. -->';

/** Every generated page. */
export function references(): readonly Reference[] {
  return [
    { path: 'docs/reference/errors.md', text: errorPage() },
    { path: '.env.example', text: envExample() },
  ];
}

function errorPage(): string {
  const rows = Object.entries(errorMeanings).map(([code, meaning]) => {
    const { code: exit } = endingOf(new QuorateError(code as ErrorCode, meaning));
    return `| \`${code}\` | ${meaning} | ${statusOf(code as ErrorCode)} | ${exit} |`;
  });
  return [
    notice,
    '# Error codes',
    '',
    'Codes are stable; messages are for people and may change. The problem type of an HTTP error',
    'is `https://quorate.dev/problems/<code>`.',
    '',
    '| code | meaning | HTTP status | exit code |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

if (import.meta.main) {
  for (const { path, text } of references()) {
    writeFileSync(new URL(`../${path}`, import.meta.url), text);
  }
}
