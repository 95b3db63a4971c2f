/**
 * Decisions as a region's store holds them: manifests, votes, certificates, dry-runs and
 * enactments, made by the functions that production makes them with and signed by the members'
 * own keys, many to a turn.
 */
import { impactOf, isReversible } from '#agents/governance/policies/impact.ts';
import { composeManifest } from '#agents/negotiator/compose.ts';
import { playbookFor } from '#agents/negotiator/playbooks.ts';
import { draftsOf } from '#fabric/host/audit-drafts.ts';
import { Instances, putBody } from '#fabric/host/instances.ts';
import { MemoryStore } from '#fabric/memory/store.ts';
import type { Signer, StoreOp } from '#fabric/ports.ts';
import { certificateFrom } from '#protocols/ballot/certificate.ts';
import type { UnsignedVote } from '#protocols/ballot/state.ts';
import { signTurn } from '#protocols/ballot/vote.ts';
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { costDifference } from '#protocols/cost.ts';
import { signEnvelope } from '#protocols/dsse.ts';
import {
  abortValue,
  decisionId,
  type Instance,
  instanceKey,
  type ValueId,
  versionOf,
} from '#protocols/ids.ts';
import type { AuditDraft, AuditStep } from '#protocols/messages/audit.ts';
import type { Judgement, SignedVote } from '#protocols/messages/ballot.ts';
import type { DryRun, Enactment } from '#protocols/messages/enactment.ts';
import type { Policy, Roster } from '#protocols/messages/epoch.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import { stateDigest, type TargetState } from '#protocols/messages/target-state.ts';
import { policyDigest, rosterDigest } from '#protocols/redaction.ts';
import { stateAtStart } from '#regions/dataset.ts';
import { type Fact, putFact, putProposal, putVotes } from '#regions/decisions.ts';

/** Who decided what, and until when. */
export interface Era {
  readonly federation: string;
  readonly tenant: string;
  /** Proposes and executes everything. */
  readonly home: string;
  readonly signers: ReadonlyMap<string, Signer>;
  readonly policy: Policy;
  readonly roster: Roster;
  readonly targets: readonly string[];
  /** Milliseconds. */
  readonly endsAt: number;
}

/** What one turn of the home region writes. */
export interface Turned {
  readonly at: number;
  /** What every region keeps of the certificates. */
  readonly decided: readonly StoreOp[];
  readonly drafts: readonly AuditDraft[];
  readonly ops: readonly StoreOp[];
  /** Ids of the decisions that ended. */
  readonly ended: readonly string[];
}

interface Made {
  readonly instance: Instance;
  readonly manifest: Manifest;
  readonly body: Uint8Array;
  readonly observed: TargetState;
  readonly value: ValueId;
  /** What the instance decided. */
  readonly decided: ValueId;
  readonly at: number;
}

const perTurn = 40;
/** Decisions lie so far apart. */
const apartMs = 2000;
/** So many end in ABORT: there the candidate and the decision to do nothing are two. */
const abortEvery = 10;

/** As many decisions as the list of a tenant is to show, in turns, oldest first. */
export async function* inTurns(era: Era, count: number): AsyncIterable<Turned> {
  const { instances } = await Instances.open(new MemoryStore());
  let made: Made[] = [];
  let shown = 0;
  for (let index = 0; shown < count; index += 1) {
    const aborts = index % abortEvery === abortEvery - 1 && count - shown >= 2;
    shown += aborts ? 2 : 1;
    made.push(makeOne(era, { index, aborts, at: era.endsAt - (count - shown) * apartMs }));
    if (made.length < perTurn && shown < count) continue;
    yield turnOf(era, instances, made);
    made = [];
  }
}

function makeOne(
  era: Era,
  { index, aborts, at }: { readonly index: number; readonly aborts: boolean; readonly at: number },
): Made {
  const { federation, tenant, home, policy, roster, targets } = era;
  const target = targets[index % targets.length] ?? '';
  const version = versionOf(1, Math.floor(index / targets.length) + 1);
  const observed = stateAtStart(target, home);
  const action = { kind: 'scale' as const, replicas: 3 + (index % 7) };
  const { id } = playbookFor(action.kind);
  const registered = policy.playbooks.find((one) => one.id === id);
  if (!registered) throw new Error('genesis registers every shipped playbook');
  const manifest = composeManifest({
    federation,
    epoch: 1,
    tenant,
    target,
    version,
    executor: home,
    proposer: home,
    action,
    observed,
    preState: stateDigest(observed, action.kind),
    playbook: { id, version: registered.version, digest: registered.digest },
    gate: { approvals: [], secondApprover: false, mfa: false, reasons: [] },
    impact: impactOf(action, observed, policy.limits),
    policyHash: policyDigest(policy),
    rosterHash: rosterDigest(roster),
    notAfter: new Date(at + 3_600_000).toISOString(),
    nonce: digestOf(canonicalBytes([target, version])).slice('sha256:'.length),
    risk: null,
    confidence: 0.5 + (index % 50) / 100,
    reason: `load number ${index}`,
  });
  const body = canonicalBytes(manifest);
  const value = digestOf(body);
  const instance = { tenant, target, version };
  return { instance, manifest, body, observed, value, decided: aborts ? abortValue : value, at };
}

function turnOf(era: Era, instances: Instances, made: readonly Made[]): Turned {
  const votes = Map.groupBy(votesOf(era, made), (vote) => instanceKey(vote.instance));
  const turns = made.map((one) => decisionOf(era, one, votes.get(instanceKey(one.instance)) ?? []));
  return {
    at: made.at(-1)?.at ?? 0,
    decided: turns.flatMap(({ certificate }) => instances.decide(certificate)),
    drafts: turns.flatMap(({ drafts }) => drafts),
    ops: turns.flatMap(({ ops }) => ops),
    ended: turns.map(({ id }) => id),
  };
}

/** Every member votes on everything with one signature. */
function votesOf(era: Era, made: readonly Made[]): readonly SignedVote[] {
  return [...era.signers].flatMap(([member, signer]) => {
    const votes = made.flatMap((one) => castOf(member === era.home, one));
    return signTurn({ federation: era.federation, epoch: 1, member }, votes, signer);
  });
}

function castOf(isProposer: boolean, { instance, manifest, value, decided }: Made): UnsignedVote[] {
  const accepts = decided === value;
  const judgement: Judgement = {
    verdict: accepts ? 'accept' : 'reject',
    confidence: manifest.confidence,
    risk: 0.2,
    costEstimate: 0,
    reversibility: isReversible(manifest.action.kind) ? 1 : 0,
    reasons: [accepts ? 'nothing speaks against it' : 'the load is normal here'],
  };
  const vote = (step: UnsignedVote['step'], of: ValueId) => ({
    instance,
    step,
    round: 0,
    value: of,
  });
  return [
    ...(isProposer ? [vote('candidate', value), vote('proposal', value)] : []),
    { ...vote('prevote', decided), judgement },
    vote('precommit', decided),
  ];
}

function decisionOf(era: Era, made: Made, votes: readonly SignedVote[]) {
  const { federation, home } = era;
  const { instance, body, value, decided, at } = made;
  const precommits = votes.filter(({ step }) => step === 'precommit');
  const certificate = certificateFrom(federation, precommits);
  const candidates = votes
    .filter(({ step }) => step === 'candidate')
    .map((vote) => ({ vote, counter: false }));
  const held = votes.map((vote, index) => ({ vote, at: at - 200 + index * 15 }));
  const news = { candidates, decided: [{ certificate, body, votes: held }], evidence: [] };
  const own = votes.filter(({ member }) => member === home);
  const ending = decided === value ? endingOf(era, made) : { drafts: [], ops: [] };
  return {
    id: decisionId(federation, instance, decided),
    certificate,
    drafts: [...draftsOf(federation, news, own), ...ending.drafts],
    ops: [
      putBody(value, body),
      putProposal(federation, { instance, value, counter: false }, at),
      putVotes(instance, held),
      ...ending.ops,
    ],
  };
}

/** From the dry-run to the outcome. */
function endingOf(
  era: Era,
  made: Made,
): { readonly drafts: readonly AuditDraft[]; readonly ops: readonly StoreOp[] } {
  const { federation, home } = era;
  const { instance, value, manifest, at } = made;
  const id = decisionId(federation, instance, value);
  const { dryRun, enactment } = documentsOf(era, made, id);
  const facts: readonly Fact[] = [
    { kind: 'dry-run', document: dryRun, envelope: signed(era, 'dry-run', dryRun) },
    { kind: 'gate', missing: manifest.gate, expiresAt: at + 1_800_000 },
    { kind: 'released' },
    { kind: 'intent' },
    { kind: 'enactment', document: enactment, envelope: signed(era, 'enactment', enactment) },
  ];
  const steps: readonly (readonly [AuditStep, string, Record<string, string>])[] = [
    ['dry-run', 'the dry-run passes', { dryRun: digestOf(canonicalBytes(dryRun)) }],
    ['gate', 'policy asks nobody', { gate: digestOf(canonicalBytes({ missing: manifest.gate })) }],
    ['released', 'automatic', { playbook: manifest.playbook.digest }],
    ['intent', 'fence and intent are durable; the act may begin', { manifest: value }],
    ['pre-state', 'the state before the act, restorable', { preState: dryRun.preState }],
    ['applied', 'the driver says: applied', { manifest: value }],
    ['post-state', 'healthy', { postState: enactment.postState ?? dryRun.preState }],
    ['outcome', 'enacted', { enactment: digestOf(canonicalBytes(enactment)) }],
  ];
  const actor = `region:${home}`;
  return {
    drafts: steps.map(([step, reason, digests]) => {
      const outcome: AuditDraft['facts'] = step === 'outcome' ? { outcome: 'enacted' } : {};
      return { step, actor, ...instance, decisionId: id, reason, facts: outcome, digests };
    }),
    ops: facts.map((fact) => putFact(id, fact, at)),
  };
}

function documentsOf(
  { federation, home }: Era,
  { instance, manifest, observed, at }: Made,
  id: string,
): { readonly dryRun: DryRun; readonly enactment: Enactment } {
  const { action } = manifest;
  const about = { federation, instance, decisionId: id, executor: home };
  const time = new Date(at).toISOString();
  const after = { ...observed, ...(action.kind === 'scale' && { replicas: action.replicas }) };
  return {
    dryRun: {
      type: 'dry-run/1',
      ...about,
      verdict: 'pass',
      diff: [{ field: 'replicas', from: String(observed.replicas), to: String(after.replicas) }],
      blastRadius: 0.1,
      costDelta: costDifference(observed, after),
      preState: manifest.preState,
      reasons: [],
      at: time,
    },
    enactment: {
      type: 'enactment/1',
      ...about,
      outcome: 'enacted',
      reason: 'healthy',
      preState: manifest.preState,
      postState: stateDigest(after, action.kind),
      startedAt: time,
      endedAt: time,
    },
  };
}

function signed({ home, signers }: Era, kind: 'dry-run' | 'enactment', document: object) {
  const signer = signers.get(home);
  if (!signer) throw new Error('the home region has a key');
  return signEnvelope(kind, canonicalBytes(document), [signer]);
}
