/**
 * Tests that need a server: skipped by name where it is missing, failed when REQUIRE_ALL=1.
 *
 *   const natsTest = needs('nats-server');
 *   natsTest('two regions exchange votes over NATS', async () => { … });
 *
 * And tests that take minutes: skipped by name unless REQUIRE_ALL=1.
 */
import { test } from 'vitest';
import { pathOf } from './programs.ts';

/** Whether everything is asked for, however long it takes. */
export const isThorough = process.env.REQUIRE_ALL === '1';

/** The seed to repeat a run with, where one is given. */
export function givenSeed(): number | undefined {
  const { QUORATE_SEED: seed } = process.env;
  return seed === undefined ? undefined : Number(seed);
}

export type ServerTest = (name: string, body: () => void | Promise<void>, ms?: number) => void;

/** A `test` that runs only where the program is installed. */
export function needs(program: string): ServerTest {
  if (isInstalled(program)) return (name, body, ms) => test(name, body, ms);
  const reason = `${program} is not installed`;
  if (isThorough) {
    return (name) =>
      test(name, () => {
        throw new Error(`${reason}, and REQUIRE_ALL=1 asks for every server`);
      });
  }
  return skipped(reason);
}

/** A `test` that runs only when everything is asked for; `why` says what makes it slow. */
export function thorough(why: string): ServerTest {
  if (isThorough) return (name, body, ms) => test(name, body, ms);
  return skipped(`${why}; REQUIRE_ALL=1 runs it`);
}

function skipped(reason: string): ServerTest {
  return (name) => {
    process.stderr.write(`skipped: ${name} (${reason})\n`);
    test(`${name} (skipped: ${reason})`, (context) => context.skip(reason));
  };
}

/** Whether a program of that name can be run. */
export function isInstalled(program: string): boolean {
  return pathOf(program) !== null;
}
