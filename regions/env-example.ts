/**
 * `.env.example`, made from the configuration schema: every variable, its default and why.
 */

import { configFields } from './config.ts';
import { expectationOf, type Field } from './config-fields.ts';

const columns = 96;

export function envExample(): string {
  const used = configFields.filter((field) => !field.schema.unused);
  const unused = configFields.filter((field) => field.schema.unused);
  return [
    '# Made by `quorate config env-example`; edit regions/config.ts instead.',
    '# Copy to .env and uncomment what you change. Flags win over it, it wins over quorate.yaml.',
    '# A secret can also be given as a file: NAME_FILE=/run/secrets/name.',
    '',
    ...used.flatMap(linesOf),
    '# Accepted, but no part of this version uses what follows.',
    '',
    ...unused.flatMap(linesOf),
  ].join('\n');
}

function linesOf(field: Field): string[] {
  const { description = '', default: value, secret } = field.schema;
  const [own, ...others] = field.variables;
  const name = others[0] ?? own;
  const also = others.length > 0 ? ` Also ${own}.` : '';
  const expected = secret ? 'a secret' : expectationOf(field);
  return [
    ...wrap(`${description} (${expected}.)${also}`),
    `# ${name}=${value === undefined ? '' : [value].flat().join(',')}`,
    '',
  ];
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > columns) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
