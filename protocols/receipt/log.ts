/**
 * The log side of a receipt: the region's signed head, the entries under it, and what they name.
 *
 * Once this holds, the entries are facts: a document whose digest no entry names is the one that
 * was changed.
 *
 * Pure.
 */
import { digestOf, fromHex } from '../bytes.ts';
import { canonicalBytes } from '../canonical.ts';
import { type Refusal, refuse, within } from '../checked.ts';
import { memberOf } from '../epochs/epoch.ts';
import {
  type CheckpointVerifiers,
  originOf,
  parseCheckpoint,
  type SignedCheckpoint,
  verifyCheckpoint,
} from '../merkle/checkpoint.ts';
import { leafHash, verifyInclusion } from '../merkle/proof.ts';
import type { AuditEntry, AuditStep } from '../messages/audit.ts';
import type { Epoch } from '../messages/epoch.ts';
import type { ProvenEntry, Receipt } from '../messages/receipt.ts';

/** Whether the region's log keys, as the newest epoch that has it names them, signed the head. */
export function checkCheckpoint(
  receipt: Receipt,
  epochs: readonly Epoch[],
  verifiers: CheckpointVerifiers,
): { readonly ok: true; readonly head: SignedCheckpoint } | Refusal {
  const { federation, region } = receipt;
  const parsed = parseCheckpoint(receipt.checkpoint);
  if (!parsed.ok) return within('checkpoint', parsed);
  const head = parsed.checkpoint;
  const origin = originOf(federation, region);
  if (head.origin !== origin) {
    // The entries say which of the two was changed.
    const logged = receipt.entries[0]?.entry.region ?? '';
    const isRegion = originOf(federation, logged) === head.origin;
    return refuse(isRegion ? 'region' : 'checkpoint', `the log of ${head.origin}, not ${origin}`);
  }
  const member = epochs.toReversed().flatMap((epoch) => memberOf(epoch, region) ?? [])[0];
  if (!member) return refuse('region', 'not a member of any of the epochs');
  const verified = verifyCheckpoint(head, member, verifiers);
  return verified.ok ? { ok: true, head } : within('checkpoint', verified);
}

/** Whether each entry is in the log, in its place, by this region, in ascending order. */
export function checkEntries(receipt: Receipt, head: SignedCheckpoint): Refusal | null {
  let before = -1;
  for (const [index, proven] of receipt.entries.entries()) {
    const { seq, region } = proven.entry;
    const at = `entries.${index}`;
    if (!isIncluded(proven, head)) return refuse(at, 'the inclusion proof does not hold');
    if (region !== receipt.region) return refuse(`${at}.entry.region`, 'of another region');
    if (seq <= before) return refuse(`${at}.entry.seq`, 'entries ascend, each once');
    before = seq;
  }
  return null;
}

function isIncluded({ entry, path }: ProvenEntry, { size, root }: SignedCheckpoint): boolean {
  const place = { leaf: leafHash(canonicalBytes(entry)), index: entry.seq, size };
  return verifyInclusion(place, path.map(fromHex), root);
}

/** The entries of the given steps that name this digest under this name. */
export function entriesNaming(
  receipt: Receipt,
  named: { readonly steps: readonly AuditStep[]; readonly name: string; readonly digest: string },
): readonly AuditEntry[] {
  return receipt.entries
    .map(({ entry }) => entry)
    .filter(
      ({ step, digests }) => named.steps.includes(step) && digests[named.name] === named.digest,
    );
}

/** A refusal of the document at `field` unless an entry of the step names its digest. */
export function checkCovered(
  receipt: Receipt,
  field: string,
  claim: { readonly step: AuditStep; readonly name: string; readonly document: unknown },
): Refusal | null {
  const digest = digestOf(canonicalBytes(claim.document));
  const naming = entriesNaming(receipt, { steps: [claim.step], name: claim.name, digest });
  return naming.length > 0 ? null : refuse(field, `no ${claim.step} entry names this document`);
}

/** A refusal of `field` when an entry of the step names a document that the receipt leaves out. */
export function checkShown(
  receipt: Receipt,
  field: string,
  claim: {
    readonly step: AuditStep;
    readonly name: string;
    readonly documents: readonly unknown[];
  },
): Refusal | null {
  const digests = claim.documents.map((document) => digestOf(canonicalBytes(document)));
  const hidden = receipt.entries.find(
    ({ entry }) => entry.step === claim.step && !digests.includes(entry.digests[claim.name] ?? ''),
  );
  return hidden ? refuse(field, `entry ${hidden.entry.seq} names one that is not shown`) : null;
}

/** The first entry of a step. */
export function entryOf(receipt: Receipt, step: AuditStep): AuditEntry | undefined {
  return receipt.entries.find(({ entry }) => entry.step === step)?.entry;
}
