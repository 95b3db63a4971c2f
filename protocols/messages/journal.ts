/**
 * An entry of the federation's journal: the ordered list of what the regions agreed about
 * themselves. Decided by ballots on `federation/journal`; its version is its height.
 *
 * Pure.
 */
import Type, { type Static } from 'typebox';
import { Digest, Name, Timestamp, Version } from './common.ts';
import { Envelope } from './envelope.ts';
import { EdgeMember, Policy, Roster } from './epoch.ts';

const closed = { additionalProperties: false } as const;

export const JournalChange = Type.Union([
  /** The successor epoch, with the signatures that put it in force. */
  Type.Object({ kind: Type.Literal('epoch'), envelope: Envelope }, closed),
  Type.Object({ kind: Type.Literal('policy'), policy: Policy }, closed),
  Type.Object({ kind: Type.Literal('roster'), roster: Roster }, closed),
  Type.Object({ kind: Type.Literal('edge'), edge: EdgeMember }, closed),
]);
export type JournalChange = Static<typeof JournalChange>;

export const JournalEntry = Type.Object(
  {
    type: Type.Literal('journal-entry/1'),
    federation: Name,
    height: Version,
    /** The value certified at height - 1: the chain; null at height 1. */
    previous: Type.Union([Digest, Type.Literal('abort'), Type.Null()]),
    change: JournalChange,
    proposer: Name,
    at: Timestamp,
  },
  { $id: 'journal-entry/1', additionalProperties: false },
);
export type JournalEntry = Static<typeof JournalEntry>;
