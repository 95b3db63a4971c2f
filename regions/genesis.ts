/**
 * Genesis: the first epoch of a federation, and everything its digests name.
 *
 * Made once, when a data folder is new: policy and roster are named by the epoch, the epoch is
 * signed by all of its members, and its digest is the fingerprint that holders of the trust
 * root compare. Every tenant begins at L3, where nothing is done without a person; what loosens
 * that comes later, through the journal.
 */
import type { UnsignedPlaybook } from '#agents/negotiator/playbooks.ts';
import type { LogSigner, Random, Signer } from '#fabric/ports.ts';
import { digestOf, toHex } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import type { Verifier } from '#protocols/crypto.ts';
import { signatureRule } from '#protocols/crypto.ts';
import { openDocument, signEnvelope } from '#protocols/dsse.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type {
  ApproverRow,
  Epoch,
  FaultModel,
  Member,
  Policy,
  Roster,
} from '#protocols/messages/epoch.ts';
import type { Playbook } from '#protocols/messages/playbook.ts';
import { policyDigest, rosterDigest } from '#protocols/redaction.ts';

export interface Founder {
  readonly id: string;
  readonly signer: Signer;
  readonly logSigner: Pick<LogSigner, 'publicKey' | 'publicKeyMlDsa44'>;
}

/** A person as founders name them: one row of the roster for each tenant. */
export interface FoundingApprover extends Pick<ApproverRow, 'id' | 'publicKey' | 'roles'> {
  readonly tenants: readonly string[];
}

export interface GenesisOptions {
  readonly federation: string;
  readonly faultModel: FaultModel;
  readonly founders: readonly Founder[];
  readonly approvers: readonly FoundingApprover[];
  /** Tenants with their targets and home regions. */
  readonly tenants: readonly {
    readonly id: string;
    readonly targets: Policy['tenants'][number]['targets'];
  }[];
  readonly playbooks: readonly Envelope[];
  readonly verifier: Verifier;
  /** For the salts of rows. */
  readonly random: Random;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

export interface GenesisDocuments {
  readonly policy: Policy;
  readonly roster: Roster;
  readonly epoch: Epoch;
  readonly epochEnvelope: Envelope;
}

const yearMs = 365 * 24 * 3_600_000;

/** Everything tight: no tenant acts without people. */
const limits: Policy['limits'] = {
  scaleHighRiskFactor: 3,
  cooldownSeconds: 0,
  enactmentsPerHour: 60,
  concurrentEnactments: 4,
  approvalTtlSeconds: 1800,
  retentionDays: 7,
  confidenceMin: 0.3,
};

export function makeGenesis(options: GenesisOptions): GenesisDocuments {
  const { federation, faultModel, founders, now } = options;
  const policy: Policy = {
    type: 'policy/1',
    version: 1,
    tenants: options.tenants.map(({ id, targets }) => ({
      id,
      phase: 'L3',
      targets,
      salt: freshSalt(options.random),
    })),
    playbooks: options.playbooks.map((envelope) => registrationOf(envelope, options.verifier)),
    limits,
    actionsAllowed: ['scale', 'restart', 'rollback', 'rotate-keys', 'failover', 'rightsize'],
  };
  const roster = rosterOf(options);
  const epoch: Epoch = {
    type: 'epoch/1',
    federation,
    epoch: 1,
    previous: null,
    faultModel,
    signatureRule,
    members: founders.map(memberOf).sort((a, b) => (a.id < b.id ? -1 : 1)),
    roster: rosterDigest(roster),
    policy: policyDigest(policy),
    notAfter: new Date(now + yearMs).toISOString(),
    previousAcceptedSeconds: 0,
  };
  const signers = founders.map(({ signer }) => signer);
  return {
    policy,
    roster,
    epoch,
    epochEnvelope: signEnvelope('epoch', canonicalBytes(epoch), signers),
  };
}

/** For a row that is new or says something else than before (ADR 0011). */
export function freshSalt(random: Random): string {
  return toHex(random.bytes(32));
}

function rosterOf({ approvers, founders, random, tenants: all }: GenesisOptions): Roster {
  const salted = <R>(row: R) => ({ ...row, salt: freshSalt(random) });
  const tenants = all.map(({ id }) => id);
  return {
    type: 'roster/1',
    version: 1,
    approvers: approvers.flatMap(({ tenants: served, ...person }) =>
      served.map((tenant) => salted({ tenant, ...person })),
    ),
    stopKeys: founders.flatMap(({ id, signer: { publicKey } }) =>
      tenants.map((tenant) => salted({ tenant, id, publicKey })),
    ),
  };
}

/** Signs the catalogue in an approver's name: from then on the approver is on record for it. */
export function signPlaybooks(
  playbooks: readonly UnsignedPlaybook[],
  signer: { readonly id: string; readonly key: Signer },
): readonly Envelope[] {
  return playbooks.map((playbook) => {
    const document: Playbook = { ...playbook, signedBy: signer.id };
    return signEnvelope('playbook', canonicalBytes(document), [signer.key]);
  });
}

/** The playbooks of the catalogue by digest; an unsigned or wrongly signed one is refused. */
export function openPlaybooks(
  envelopes: readonly Envelope[],
  roster: Roster,
  verifier: Verifier,
): ReadonlyMap<string, Playbook> {
  return new Map(
    envelopes.map((envelope) => {
      const opened = openDocument(envelope, 'playbook', verifier);
      if (!opened.ok) throw refused(opened.reason, opened.field);
      const { document, payload, signers } = opened;
      const author = roster.approvers.find(({ id }) => id === document.signedBy);
      if (!author || !signers.includes(author.publicKey)) {
        throw refused(`${document.id} is not signed by ${document.signedBy}`, 'signedBy');
      }
      return [digestOf(payload), document] as const;
    }),
  );
}

function registrationOf(envelope: Envelope, verifier: Verifier): Policy['playbooks'][number] {
  const opened = openDocument(envelope, 'playbook', verifier);
  if (!opened.ok) throw refused(opened.reason, opened.field);
  const { id, version, signedBy } = opened.document;
  return { id, version, digest: digestOf(opened.payload), signedBy };
}

function memberOf({ id, signer, logSigner }: Founder): Member {
  return {
    id,
    publicKey: signer.publicKey,
    logKey: logSigner.publicKey,
    logKeyMlDsa44: logSigner.publicKeyMlDsa44,
  };
}

function refused(reason: string, field: string): QuorateError {
  return new QuorateError('verification-failed', `a playbook is refused: ${reason}`, { field });
}
