/**
 * How commands end: exit codes, and the one line that says what is wrong and how to go on.
 */
import { CommanderError } from 'commander';
import { type ErrorCode, QuorateError } from '#protocols/errors.ts';

export const exit = {
  ok: 0,
  failure: 1,
  usage: 2,
  denied: 3,
  unreachable: 4,
  notVerified: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exit)[keyof typeof exit];

const endings: Readonly<Record<ErrorCode, readonly [code: ExitCode, advice: string]>> = {
  'invalid-input': [exit.usage, 'correct it and try again'],
  unauthenticated: [exit.denied, 'give a token with --token, or make one with quorate token'],
  forbidden: [exit.denied, 'ask somebody who may'],
  'not-found': [exit.failure, 'quorate decisions lists what there is'],
  conflict: [exit.failure, 'look at it again with quorate decisions'],
  gone: [exit.failure, 'it is not available any more; a new decision is needed'],
  'too-large': [exit.failure, 'send less'],
  'too-many-requests': [exit.failure, 'try again later'],
  'not-ready': [exit.unreachable, 'try again in a moment'],
  config: [exit.usage, 'correct it and try again'],
  // Its message says how to go on.
  'data-folder-in-use': [exit.failure, ''],
  'port-in-use': [exit.failure, 'use another one with --port'],
  'store-corrupt': [
    exit.failure,
    'restore the folder from where it came, or move it away and let peers rebuild it',
  ],
  'store-foreign': [exit.failure, 'use another --data-dir'],
  amnesia: [exit.failure, 'register the region under a new id'],
  'verification-failed': [exit.notVerified, 'do not rely on it'],
  'policy-violation': [exit.denied, 'quorate decisions says what the policy asks for'],
  unavailable: [
    exit.unreachable,
    'start it with quorate up, or name another with --data-dir or --url',
  ],
};

interface Ending {
  readonly code: ExitCode;
  readonly line: string | null;
}

/** The exit code for an error, and its line; null when commander has said enough already. */
export function endingOf(error: unknown, command = 'quorate'): Ending {
  if (error instanceof CommanderError) return commanderEnding(error, command);
  if (!(error instanceof QuorateError)) {
    const what = error instanceof Error ? error.message : String(error);
    return {
      code: exit.failure,
      line: lineOf(what, null, 'this is a bug; LOG_LEVEL=debug shows where'),
    };
  }
  const [code, advice] = endings[error.code];
  return { code, line: lineOf(error.message, error.field, advice) };
}

/** `quorate: <what> (<key or file>): <how to go on>` */
function lineOf(what: string, field: string | null, advice: string): string {
  const named = field === null || what.includes(field) ? '' : ` (${field})`;
  const goOn = advice === '' ? '' : `: ${advice}`;
  return `quorate: ${`${what}${named}${goOn}`.replaceAll(/\s*\n\s*/g, '; ')}`;
}

function commanderEnding(error: CommanderError, command: string): Ending {
  if (error.exitCode === 0) return { code: exit.ok, line: null };
  if (error.code === 'commander.help') return { code: exit.usage, line: null };
  const what = error.message.replace(/^error: /, '').replace(/\n\(/, ' (');
  return { code: exit.usage, line: lineOf(what, null, `see ${command} --help`) };
}
