/**
 * The registry of messages and documents, and decode(): the one place where bytes from outside
 * become typed values. After it the code trusts its types.
 *
 * Decoding is bounded: size first, then UTF-8, JSON, schema. A caller gets the value or the
 * reason, never an exception: bad input is an expected outcome.
 *
 * Pure.
 */
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { fromUtf8 } from '../bytes.ts';
import { Approval } from './approval.ts';
import { AuditEntry } from './audit.ts';
import { Certificate } from './certificate.ts';
import { DryRun, Enactment, Stop } from './enactment.ts';
import { Envelope } from './envelope.ts';
import { EdgeMember, Epoch, Policy, Roster } from './epoch.ts';
import {
  DigestMessage,
  FetchMessage,
  Hello,
  SlotsReply,
  SlotsRequest,
  TurnMessage,
} from './fabric.ts';
import { JournalEntry } from './journal.ts';
import { Manifest } from './manifest.ts';
import { Playbook } from './playbook.ts';
import { Receipt } from './receipt.ts';
import { Risk } from './risk.ts';
import { Signal } from './signal.ts';
import { TargetState } from './target-state.ts';
import { Trigger } from './trigger.ts';

/** The largest message a region accepts: a full turn of 4,096 votes of about 900 bytes. */
export const messageBytesMax = 4 * 1024 * 1024;

/** Every versioned schema by its `$id`. */
export const registry = {
  'approval/1': Approval,
  'audit/1': AuditEntry,
  'certificate/1': Certificate,
  'digest/1': DigestMessage,
  'dry-run/1': DryRun,
  'edge/1': EdgeMember,
  'enactment/1': Enactment,
  'envelope/1': Envelope,
  'epoch/1': Epoch,
  'fetch/1': FetchMessage,
  'hello/1': Hello,
  'journal-entry/1': JournalEntry,
  'manifest/1': Manifest,
  'playbook/1': Playbook,
  'policy/1': Policy,
  'receipt/1': Receipt,
  'risk/1': Risk,
  'roster/1': Roster,
  'signal/1': Signal,
  'slots-reply/1': SlotsReply,
  'slots-request/1': SlotsRequest,
  'stop/1': Stop,
  'target-state/1': TargetState,
  'trigger/1': Trigger,
  'turn/1': TurnMessage,
} as const satisfies Record<string, TSchema>;

export type MessageType = keyof typeof registry;
export type MessageOf<T extends MessageType> = Static<(typeof registry)[T]>;

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: DecodeFailure; readonly field: string };
export type DecodeFailure = 'too-large' | 'not-utf8' | 'not-json' | 'unknown-type' | 'schema';

/** An escape by which JSON text can smuggle in what no UTF-8 holds. */
const loneSurrogate = /\\u[dD][89a-fA-F]/;

type Validator = ReturnType<typeof Compile>;
const validators = new Map<string, Validator>();

/** Decodes bytes as one of the given types; `field` is a dotted path when the schema refuses. */
export function decode<T extends MessageType>(
  types: readonly T[],
  bytes: Uint8Array,
): Decoded<MessageOf<T>> {
  if (bytes.length > messageBytesMax) return refused('too-large');
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch {
    return refused('not-utf8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused('not-json');
  }
  const decoded = validate(types, value);
  // After the schema, which bounds how deep this has to look.
  if (decoded.ok && loneSurrogate.test(text) && !isWellFormed(value)) return refused('not-utf8');
  return decoded;
}

/** The schema half of decode(), for a value that is already parsed. */
export function validate<T extends MessageType>(
  types: readonly T[],
  value: unknown,
): Decoded<MessageOf<T>> {
  const [only] = types;
  const type = types.length === 1 && only ? only : typeOf(value);
  if (!types.includes(type as T)) return refused('unknown-type', 'type');
  const validator = validatorOf(type as T);
  if (validator.Check(value)) return { ok: true, value: value as MessageOf<T> };
  const [first] = validator.Errors(value);
  return refused('schema', (first?.instancePath ?? '').slice(1).replaceAll('/', '.'));
}

/** Strings with lone surrogates have no canonical bytes, so nothing could name or sign them. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, member]) => key.isWellFormed() && isWellFormed(member));
}

function typeOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('type' in value)) return '';
  return typeof value.type === 'string' ? value.type : '';
}

function validatorOf(type: MessageType): Validator {
  const known = validators.get(type);
  if (known) return known;
  const compiled = Compile(registry[type] as TSchema);
  validators.set(type, compiled);
  return compiled;
}

function refused(
  reason: DecodeFailure,
  field = '',
): { ok: false; reason: DecodeFailure; field: string } {
  return { ok: false, reason, field };
}
