/**
 * JSON lines on stderr, by pino; the only file that knows it.
 *
 * Field names that look like secrets are masked at any depth before anything is written: a
 * secret must not reach a log because someone logged the object that holds it.
 */
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { Log } from './ports.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** Fields of every line. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Where lines go: stderr unless told. */
  readonly to?: DestinationStream;
}

const secretName =
  /secret|passw|token|authorization|cookie|credential|dsn|private.?key|api.?key|bearer|webhook/i;
const mask = '[secret]';
const depthMax = 6;
const itemsMax = 100;

export function createLog(options: LogOptions): Log {
  const logger = pino(
    {
      level: options.level,
      base: options.fields ? redacted(options.fields) : {},
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
    },
    // Written at once: the lines before a crash are the ones that matter.
    options.to ?? destination({ fd: 2, sync: true }),
  );
  return wrap(logger);
}

function wrap(logger: Logger): Log {
  return {
    child: (fields) => wrap(logger.child(redacted(fields))),
    debug: (fields, message) => {
      if (logger.isLevelEnabled('debug')) logger.debug(redacted(fields), message);
    },
    info: (fields, message) => {
      if (logger.isLevelEnabled('info')) logger.info(redacted(fields), message);
    },
    warn: (fields, message) => {
      if (logger.isLevelEnabled('warn')) logger.warn(redacted(fields), message);
    },
    error: (fields, message) => logger.error(redacted(fields), message),
  };
}

/** A copy that is safe to write: secrets masked, depth and lengths bounded. */
export function redacted(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactObject(fields, 0);
}

function redactObject(fields: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(fields)
    .slice(0, itemsMax)
    .map(([name, value]) => [name, secretName.test(name) ? mask : redactValue(value, depth + 1)]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > depthMax) return '[too deep]';
  if (value instanceof Error) return describeError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) {
    return value.slice(0, itemsMax).map((item) => redactValue(item, depth + 1));
  }
  // A type that says how it prints, such as a secret or a date, is taken at its word.
  if ('toJSON' in value && typeof value.toJSON === 'function') return value.toJSON();
  return redactObject(value, depth);
}

function describeError(error: Error, depth: number): Record<string, unknown> {
  const code = (error as { readonly code?: unknown }).code;
  return {
    type: error.name,
    message: error.message,
    ...(code !== undefined && { code: redactValue(code, depth + 1) }),
    stack: error.stack,
    ...(error.cause !== undefined && { cause: redactValue(error.cause, depth + 1) }),
  };
}
