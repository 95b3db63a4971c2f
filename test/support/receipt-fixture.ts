/**
 * A complete receipt with real keys, as parts that tests can change before it is sealed:
 * a high-impact scale that two people approved and that was enacted.
 */
import { digestOf, toBase64, toHex } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { signEnvelope } from '#protocols/dsse.ts';
import { type TrustRoot, trustRootOf } from '#protocols/epochs/trust.ts';
import { abortValue, decisionId, versionOf } from '#protocols/ids.ts';
import { originOf, signCheckpoint } from '#protocols/merkle/checkpoint.ts';
import { leafHash } from '#protocols/merkle/proof.ts';
import { MerkleTree } from '#protocols/merkle/tree.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { AuditDraft, AuditEntry, AuditStep } from '#protocols/messages/audit.ts';
import type { DryRun, Enactment } from '#protocols/messages/enactment.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { Epoch, Policy, PolicyView, Roster, RosterView } from '#protocols/messages/epoch.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { Receipt } from '#protocols/messages/receipt.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { policyDigest, policyFor, rosterDigest, rosterFor } from '#protocols/redaction.ts';
import { certify, epochOf, federation, logSignerOf, signVote } from './federation-fixture.ts';
import { testSalt, testSigner } from './keys.ts';

export const members = ['ap', 'eu', 'us'];
export const region = 'eu';
export const instance = { tenant: 'shop', target: 'shop/web', version: versionOf(1, 4) };
export const preState = `sha256:${'a'.repeat(64)}`;
export const postState = `sha256:${'b'.repeat(64)}`;
const at = (second: number) => new Date(Date.UTC(2026, 0, 5, 12, 0, second)).toISOString();
const hash = (digit: string) => digit.repeat(64);

const rowOf = (tenant: string, id: string) => ({
  tenant,
  id,
  publicKey: testSigner(id).publicKey,
  salt: testSalt(`${tenant}/${id}`),
});

export const roster: Roster = {
  type: 'roster/1',
  version: 1,
  approvers: [
    { ...rowOf('shop', 'ann'), roles: ['org-admin'] },
    { ...rowOf('bank', 'zoe'), roles: ['org-admin'] },
    { ...rowOf('shop', 'bob'), roles: ['approver'] },
    { ...rowOf('bank', 'ann'), roles: ['approver'] },
    { ...rowOf('shop', 'cyd'), roles: ['approver'] },
  ],
  stopKeys: [rowOf('shop', 'eu'), rowOf('bank', 'eu')],
};

export const policy: Policy = {
  type: 'policy/1',
  version: 1,
  tenants: ['shop', 'bank'].map((id) => ({
    id,
    phase: 'L3',
    targets: [{ target: `${id}/web`, home: 'eu' }],
    salt: testSalt(id),
  })),
  playbooks: [],
  limits: {
    scaleHighRiskFactor: 3,
    cooldownSeconds: 60,
    enactmentsPerHour: 10,
    concurrentEnactments: 2,
    approvalTtlSeconds: 1800,
    retentionDays: 7,
    confidenceMin: 0.5,
  },
  actionsAllowed: ['scale'],
};

export const genesis: Epoch = epochOf(members, {
  roster: rosterDigest(roster),
  policy: policyDigest(policy),
});

export const signal: Signal = {
  type: 'signal/1',
  signalId: hash('1'),
  tenant: 'shop',
  service: 'web',
  region,
  metric: 'cpu',
  kind: 'saturation',
  at: at(0),
  severity: 'high',
  score: 0.93,
  method: 'zscore',
  zscore: 6.5,
  ewma: 4.25,
  hint: 'cpu is far above normal',
  fingerprint: hash('2'),
  evidence: { value: 97.5, direction: 'above', mean: 40, deviation: 8, points: 300 },
};

const scores = {
  security: 0.1,
  cost: 0.2,
  performance: 0.9,
  overall: 0.8,
  severity: 'high' as const,
};
export const risk: Risk = {
  type: 'risk/1',
  riskId: hash('3'),
  tenant: 'shop',
  region,
  at: at(1),
  ...scores,
  services: [{ service: 'web', ...scores }],
  contributions: [{ factor: 'saturation', service: 'web', weight: 0.7, signalId: hash('1') }],
};

export const manifest: Manifest = {
  type: 'manifest/1',
  federation,
  epoch: 1,
  tenant: 'shop',
  targets: [{ target: 'shop/web', version: instance.version }],
  playbook: { id: 'scale-out', version: 1, digest: `sha256:${hash('4')}` },
  action: { kind: 'scale', replicas: 12 },
  executor: region,
  impact: 'high',
  reversible: true,
  notAfter: '2026-01-05T13:00:00.000Z',
  policyHash: policyDigest(policy),
  rosterHash: rosterDigest(roster),
  gate: {
    approvals: [
      { role: 'org-admin', count: 1 },
      { role: 'approver', count: 1 },
    ],
    secondApprover: true,
    mfa: false,
    reasons: ['P3: high impact'],
  },
  preState,
  proposer: region,
  rationale: 'web is saturated',
  confidence: 0.8,
  riskId: risk.riskId,
  signalIds: [signal.signalId],
  nonce: hash('5'),
};

/** What tests change; everything else follows from it. */
export interface ReceiptParts {
  readonly epoch: Epoch;
  readonly root: TrustRoot;
  readonly epochs: readonly Envelope[];
  readonly roster: RosterView;
  readonly policy: PolicyView;
  readonly manifest: Manifest;
  readonly signal: Signal;
  /** Who precommits. */
  readonly signers: readonly string[];
  /** Whether they agree to do nothing. */
  readonly isAbort: boolean;
  readonly dryRun: Partial<DryRun>;
  /** Approver, changes to the approval, and the name of the key that signs it. */
  readonly approvals: readonly (readonly [string, Partial<Approval>, string?])[];
  readonly enactment: Partial<Enactment>;
  /** Steps left out of the log. */
  readonly without: readonly AuditStep[];
  /** Reorders or adds to the drafts before they are logged. */
  arrange(drafts: readonly AuditDraft[]): readonly AuditDraft[];
}

const usual: ReceiptParts = {
  epoch: genesis,
  root: trustRootOf(genesis),
  epochs: [],
  roster: rosterFor(roster, 'shop'),
  policy: policyFor(policy, 'shop'),
  manifest,
  signal,
  signers: ['eu', 'us'],
  isAbort: false,
  dryRun: {},
  approvals: [
    ['ann', {}],
    ['bob', {}],
  ],
  enactment: {},
  without: [],
  arrange: (drafts) => drafts,
};

/** A receipt that holds, or one that its changed parts make. */
export function receiptOf(changes: Partial<ReceiptParts> = {}): {
  readonly receipt: Receipt;
  readonly root: TrustRoot;
} {
  const parts = { ...usual, ...changes };
  const documents = documentsOf(parts);
  const drafts = parts.arrange(draftsOf(documents, parts));
  const { entries, checkpoint } = logOf(drafts);
  const receipt: Receipt = {
    type: 'receipt/1',
    federation,
    region,
    decisionId: documents.id,
    instance,
    epochs: [...parts.epochs],
    roster: parts.isAbort ? null : parts.roster,
    policy: parts.isAbort ? null : parts.policy,
    signals: [parts.signal],
    risk,
    manifest: parts.isAbort ? null : toBase64(documents.bytes),
    candidates: [{ vote: documents.vote, manifest: toBase64(documents.bytes) }],
    certificate: documents.certificate,
    dryRun: parts.isAbort ? null : documents.dryRun,
    gate: parts.isAbort ? null : documents.gate,
    approvals: parts.isAbort ? [] : [...documents.approvals],
    enactment: parts.isAbort ? null : documents.enactment,
    entries,
    checkpoint,
  };
  return { receipt, root: parts.root };
}

function documentsOf(parts: ReceiptParts) {
  const bytes = canonicalBytes(parts.manifest);
  const value = digestOf(bytes);
  const decided = parts.isAbort ? abortValue : value;
  const id = decisionId(federation, instance, decided);
  const about = { federation, instance, decisionId: id };
  const { epoch } = parts.epoch;
  const candidate = { instance, step: 'candidate', round: 0, value } as const;
  return {
    bytes,
    id,
    dryRun: dryRunOf(about, parts.dryRun),
    enactment: enactmentOf(about, parts.enactment),
    approvals: parts.approvals.map((given, index) => {
      const { policyHash } = parts.manifest;
      const nonce = hash(String(index + 6));
      return approvalOf({ ...about, manifest: value, policyHash, nonce }, given);
    }),
    gate: { missing: parts.manifest.gate },
    vote: signVote(region, candidate, { epoch, others: 3 }),
    certificate: certify(parts.signers, { instance, value: decided, epoch }),
  };
}

type About = Pick<DryRun, 'federation' | 'instance' | 'decisionId'>;

function dryRunOf(about: About, changes: Partial<DryRun>): DryRun {
  return {
    type: 'dry-run/1',
    ...about,
    executor: region,
    verdict: 'pass',
    diff: [{ field: 'replicas', from: '3', to: '12' }],
    blastRadius: 1,
    costDelta: 120.5,
    preState,
    reasons: [],
    at: at(10),
    ...changes,
  };
}

function enactmentOf(about: About, changes: Partial<Enactment>): Enactment {
  return {
    type: 'enactment/1',
    ...about,
    executor: region,
    outcome: 'enacted',
    reason: 'verified',
    preState,
    postState,
    startedAt: at(20),
    endedAt: at(30),
    ...changes,
  };
}

function approvalOf(
  bound: About & Pick<Approval, 'manifest' | 'policyHash' | 'nonce'>,
  [approver, changes, key]: ReceiptParts['approvals'][number],
): Envelope {
  const approval: Approval = {
    type: 'approval/1',
    ...bound,
    preState,
    approver,
    verdict: 'approve',
    reason: 'looked at it',
    mfa: true,
    at: at(12),
    expiresAt: '2026-01-05T12:30:00.000Z',
    ...changes,
  };
  return signEnvelope('approval', canonicalBytes(approval), [testSigner(key ?? approver)]);
}

function draftsOf(
  documents: ReturnType<typeof documentsOf>,
  { without, isAbort, signal: shown }: ReceiptParts,
): readonly AuditDraft[] {
  const { id, vote, certificate, dryRun, gate, approvals, enactment } = documents;
  const of = (document: unknown) => digestOf(canonicalBytes(document));
  const draft = (step: AuditStep, digests: Record<string, string>): AuditDraft => ({
    step,
    actor: 'agent:executor',
    tenant: 'shop',
    ...(step !== 'signal' && step !== 'risk' && { ...instance, decisionId: id }),
    reason: `${step} happened`,
    facts: { order: 1 },
    digests,
  });
  const drafts = [
    draft('signal', { signal: of(shown) }),
    draft('risk', { risk: of(risk) }),
    draft('candidate', { manifest: vote.value, vote: of(vote) }),
    draft('certificate', { certificate: of(certificate) }),
    draft('dry-run', { dryRun: of(dryRun) }),
    draft('gate', { gate: of(gate) }),
    ...approvals.map((approval) => draft('approval', { approval: of(approval) })),
    draft('released', {}),
    draft('intent', { manifest: vote.value }),
    draft('pre-state', { preState }),
    draft('applied', {}),
    draft('post-state', { postState: enactment.postState ?? postState }),
    draft('outcome', { enactment: of(enactment) }),
  ];
  const decided = drafts.findIndex(({ step }) => step === 'certificate');
  return drafts
    .slice(0, isAbort ? decided + 1 : drafts.length)
    .filter(({ step }) => !without.includes(step));
}

/** A log that also holds entries of other decisions, before and after. */
function logOf(drafts: readonly AuditDraft[]): Pick<Receipt, 'entries' | 'checkpoint'> {
  const tree = new MerkleTree();
  for (let other = 0; other < 5; other += 1) tree.append(leafHash(Uint8Array.of(other)));
  const entries = drafts.map((draft, index): AuditEntry => {
    const second = draft.step === 'intent' ? 20 : Math.min(11, index);
    const seq = tree.size;
    const entry: AuditEntry = { type: 'audit/1', seq, region, at: at(second), ...draft };
    tree.append(leafHash(canonicalBytes(entry)));
    return entry;
  });
  for (let other = 0; other < 4; other += 1) tree.append(leafHash(Uint8Array.of(100 + other)));
  const head = { origin: originOf(federation, region), size: tree.size, root: tree.root() };
  return {
    entries: entries.map((entry) => ({
      entry,
      path: tree.inclusionProof(entry.seq).map(toHex),
    })),
    checkpoint: signCheckpoint(head, 1_767_614_400, logSignerOf(region)),
  };
}
