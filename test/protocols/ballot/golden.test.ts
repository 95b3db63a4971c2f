/** What exactly happens, step by step: scripts to read, with answers that must not change. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { run } from '#test/support/ballot-script.ts';

const folder = new URL('../../golden/ballot/', import.meta.url);

test.each(['counter-proposal.txt', 'lock-and-proof.txt'])('%s goes as it is written', (name) => {
  const script = readFileSync(new URL(name, folder), 'utf8');
  expect(run(script)).toBe(script);
});

test('answers come from the cores, never from the script', () => {
  const script = readFileSync(new URL('lock-and-proof.txt', folder), 'utf8');
  const wrong = script.replace('valid X@0', 'valid Y@0');
  expect(wrong).not.toBe(script);
  expect(run(wrong)).toBe(script);
});
