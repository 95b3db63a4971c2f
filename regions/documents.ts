/**
 * Signed documents about certified decisions: dry-runs, approvals, enactments and stops.
 *
 * Whether a document was made here or came over the fabric, it takes the same way: signature and
 * author checked, audited and stored in one batch, then told to the agents; one document of a
 * decision at a time. Gossip may bring a document many times, and before what it builds on: what
 * is known is ignored, what is not known yet comes again with the next digest
 * (fabric/host/catch-up.ts).
 */
import { bindingOf, faultOf } from '#agents/governance/approvals.ts';
import { digestOf, toHex } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { openDocument, signEnvelope } from '#protocols/dsse.ts';
import { type ErrorCode, QuorateError } from '#protocols/errors.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { DryRun, Enactment } from '#protocols/messages/enactment.ts';
import { type DocumentKind, type Envelope, payloadTypeOf } from '#protocols/messages/envelope.ts';
import type { Gate, Role } from '#protocols/messages/manifest.ts';
import { decisionOf, type RegionContext } from './context.ts';
import { type DecisionRecord, type Fact, isOpen, putFact } from './decisions.ts';
import type { Caller, VerdictRequest } from './node.ts';
import type { Stops } from './stops.ts';

/** Who hears of a document once it is durable. */
export interface DocumentHearers {
  onDryRun(record: DecisionRecord, dryRun: DryRun): unknown;
  onApproval(record: DecisionRecord, approval: Approval, roles: readonly Role[]): unknown;
  onEnactment(record: DecisionRecord, enactment: Enactment): unknown;
}

type ApprovalFault = NonNullable<ReturnType<typeof faultOf>>;

const faultAnswers: Readonly<Record<ApprovalFault, readonly [ErrorCode, string]>> = {
  unbound: ['conflict', 'the approval is for another decision'],
  'void-manifest': ['conflict', 'the approval is for another manifest'],
  drifted: ['conflict', 'the target has changed since: look again'],
  'void-policy': ['conflict', 'another policy is in force by now'],
  expired: ['gone', 'the time to approve is over'],
  used: ['conflict', 'the approval was used already'],
  proposer: ['forbidden', 'whoever put it forward may not approve it'],
  role: ['forbidden', 'the gate asks for another role'],
};

/** Payloads remembered, about 1 KiB each. */
const takenMax = 1024;

/** Outcomes of decisions that were acted on. */
const acted: readonly Enactment['outcome'][] = ['enacted', 'rolled-back'];

export class Documents {
  readonly #c: RegionContext;
  readonly #stops: Stops;
  readonly #hearers: DocumentHearers;
  /** Payloads on record: catch-up repeats them, and verifying again would tell nothing new. */
  readonly #taken = new Set<string>();

  constructor(context: RegionContext, stops: Stops, hearers: DocumentHearers) {
    this.#c = context;
    this.#stops = stops;
    this.#hearers = hearers;
  }

  /** Takes an envelope from the fabric; what does not verify is dropped and counted. */
  async receive(envelope: Envelope): Promise<void> {
    if (this.#taken.has(envelope.payload)) return;
    switch (envelope.payloadType) {
      case payloadTypeOf('dry-run'):
        return this.#receiveDryRun(envelope);
      case payloadTypeOf('approval'):
        return this.#receiveApproval(envelope);
      case payloadTypeOf('enactment'):
        return this.#receiveEnactment(envelope);
      case payloadTypeOf('stop'):
        return this.#stops.receive(envelope);
      default:
        this.#drop('unknown-document');
    }
  }

  /** What this region knows about a decision, for a peer that asks; in the order it came about. */
  of(decisionId: string): readonly Envelope[] {
    const record = this.#c.decisions.get(decisionId);
    if (!record) return [];
    const { dryRun, approvals, enactment } = record;
    return [dryRun, ...approvals, enactment].flatMap((one) => one?.envelope ?? []);
  }

  async recordDryRun(dryRun: DryRun): Promise<void> {
    const envelope = this.#sign('dry-run', dryRun);
    await this.#inTurn(dryRun, () => this.#takeDryRun(dryRun, envelope));
    this.#c.host().publish(envelope);
  }

  async recordEnactment(enactment: Enactment): Promise<void> {
    const envelope = this.#sign('enactment', enactment);
    await this.#inTurn(enactment, () => this.#takeEnactment(enactment, envelope));
    this.#c.host().publish(envelope);
  }

  /** A person's verdict; resolves once it is durable. */
  async submit(caller: Caller, request: VerdictRequest): Promise<void> {
    const decision = { decisionId: request.proposalId };
    const envelope = await this.#inTurn(decision, () => this.#submit(caller, request));
    this.#c.host().publish(envelope);
  }

  async #submit(caller: Caller, request: VerdictRequest): Promise<Envelope> {
    const record = this.#pending(caller, request.proposalId);
    const envelope = request.proof ?? this.#signFor(caller, request, record);
    const opened = this.#openApproval(envelope, record);
    if (typeof opened === 'string') throw new QuorateError('forbidden', opened, { field: 'proof' });
    const { approval, roles } = opened;
    if (approval.approver !== request.approver || approval.verdict !== request.verdict) {
      throw new QuorateError('conflict', 'the proof holds another verdict', { field: 'proof' });
    }
    if (record.approvals.some((one) => isSameVerdict(one.approval, approval))) {
      throw new QuorateError('conflict', `${approval.approver} has said so already`);
    }
    const fault = this.#faultOf(record, approval, roles);
    if (fault) {
      const [code, reason] = faultAnswers[fault];
      throw new QuorateError(code, reason);
    }
    await this.#takeApproval(record, approval, envelope, roles);
    return envelope;
  }

  #pending(caller: Caller, proposalId: string): DecisionRecord {
    const record = this.#c.decisions.get(proposalId);
    if (!record || record.instance.tenant !== caller.tenant) {
      throw new QuorateError('not-found', 'there is no such proposal', { field: 'proposal_id' });
    }
    if (isOpen(record) && record.dryRun && !record.released && !record.intent) return record;
    throw new QuorateError('conflict', 'the proposal does not wait for a verdict');
  }

  /** In a crash-fault federation a region may vouch for a person it has authenticated. */
  #signFor(caller: Caller, request: VerdictRequest, record: DecisionRecord): Envelope {
    if (caller.subject !== request.approver) {
      throw new QuorateError('forbidden', 'one approves as oneself', { field: 'approver' });
    }
    const now = this.#c.ports.clock.now();
    const approval: Approval = {
      type: 'approval/1',
      federation: this.#c.federation,
      instance: record.instance,
      decisionId: record.decisionId,
      manifest: record.value,
      preState: record.dryRun?.document.preState ?? '',
      policyHash: record.manifest?.policyHash ?? '',
      approver: request.approver,
      verdict: request.verdict,
      reason: request.reason,
      mfa: false,
      at: new Date(now).toISOString(),
      expiresAt: new Date(record.gate?.expiresAt ?? now + 60_000).toISOString(),
      nonce: toHex(this.#c.ports.random.bytes(32)),
    };
    return this.#sign('approval', approval);
  }

  #openApproval(
    envelope: Envelope,
    record: DecisionRecord,
  ): { approval: Approval; roles: readonly Role[] } | string {
    const opened = openDocument(envelope, 'approval', this.#c.ports.verifier);
    if (!opened.ok) return `the approval does not verify: ${opened.field}`;
    const approval = opened.document;
    const { manifest } = record;
    const person = manifest && this.#c.constitution.approver(approval.approver, manifest);
    if (!person) return `${approval.approver} is not in the roster of this tenant`;
    const { members, faultModel } = this.#c.constitution.epoch;
    const vouchers = faultModel === 'crash' ? members.map(({ publicKey }) => publicKey) : [];
    const entitled = new Set([person.publicKey, ...vouchers]);
    // All of them: a receipt with a stranger's signature on it would not verify.
    if (opened.signers.every((key) => entitled.has(key))) return { approval, roles: person.roles };
    return `not signed with the key of ${approval.approver}`;
  }

  #faultOf(
    record: DecisionRecord,
    approval: Approval,
    roles: readonly Role[],
  ): ApprovalFault | null {
    const { manifest, dryRun, instance, value } = record;
    if (!manifest || !dryRun) return 'unbound';
    const decision = decisionOf(this.#c, instance, value, manifest);
    const facts = {
      gate: manifest.gate satisfies Gate,
      binding: bindingOf(decision, dryRun.document),
      submittedBy: manifest.submittedBy ?? null,
      at: this.#c.ports.clock.now(),
      usedNonces: [],
    };
    return faultOf({ approval, roles }, facts);
  }

  async #receiveApproval(envelope: Envelope): Promise<void> {
    const opened = openDocument(envelope, 'approval', this.#c.ports.verifier);
    if (!opened.ok) return this.#drop('bad-document');
    const approval = opened.document;
    return this.#inTurn(approval, () => this.#takeForeignApproval(approval, envelope));
  }

  async #takeForeignApproval({ decisionId }: Approval, envelope: Envelope): Promise<void> {
    const record = this.#c.decisions.get(decisionId);
    // An approval binds to the dry-run: without it, wait for both to come again.
    if (!record?.dryRun || !isOpen(record)) return;
    const checked = this.#openApproval(envelope, record);
    if (typeof checked === 'string') return this.#drop('bad-document');
    const fault = this.#faultOf(record, checked.approval, checked.roles);
    // Whether it came in time is asked at the intent, by the clock of the region that acts.
    if (fault && fault !== 'expired') return this.#drop('bad-approval');
    await this.#takeApproval(record, checked.approval, envelope, checked.roles);
  }

  async #takeApproval(
    record: DecisionRecord,
    approval: Approval,
    envelope: Envelope,
    roles: readonly Role[],
  ): Promise<void> {
    if (record.approvals.some((one) => isSameVerdict(one.approval, approval))) return;
    const approves = approval.verdict === 'approve';
    const after = await this.#write(record, {
      fact: { kind: 'approval', approval, envelope },
      step: 'approval',
      actor: `person:${approval.approver}`,
      reason: approval.reason || (approves ? 'approved' : 'denied'),
      facts: { approver: approval.approver, verdict: approval.verdict },
      digests: { approval: digestOf(canonicalBytes(envelope)) },
    });
    if (after) this.#hearers.onApproval(after, approval, roles);
  }

  async #receiveDryRun(envelope: Envelope): Promise<void> {
    const opened = openDocument(envelope, 'dry-run', this.#c.ports.verifier);
    if (!opened.ok || !this.#isBy(opened.signers, opened.document.executor)) {
      return this.#drop('bad-document');
    }
    await this.#inTurn(opened.document, () => this.#takeDryRun(opened.document, envelope));
  }

  async #takeDryRun(dryRun: DryRun, envelope: Envelope): Promise<void> {
    const record = this.#c.decisions.get(dryRun.decisionId);
    if (!record?.manifest || record.dryRun || !isOpen(record)) return;
    if (record.manifest.executor !== dryRun.executor) return this.#drop('bad-document');
    const after = await this.#write(record, {
      fact: { kind: 'dry-run', document: dryRun, envelope },
      step: 'dry-run',
      actor: `region:${dryRun.executor}`,
      reason: dryRun.verdict === 'pass' ? 'the dry-run passes' : dryRun.reasons.join('; '),
      facts: { verdict: dryRun.verdict, costDelta: dryRun.costDelta },
      digests: { dryRun: digestOf(canonicalBytes(dryRun)), preState: dryRun.preState },
    });
    if (after) this.#hearers.onDryRun(after, dryRun);
  }

  async #receiveEnactment(envelope: Envelope): Promise<void> {
    const opened = openDocument(envelope, 'enactment', this.#c.ports.verifier);
    if (!opened.ok || !this.#isBy(opened.signers, opened.document.executor)) {
      return this.#drop('bad-document');
    }
    await this.#inTurn(opened.document, () => this.#takeEnactment(opened.document, envelope));
  }

  async #takeEnactment(enactment: Enactment, envelope: Envelope): Promise<void> {
    const record = this.#c.decisions.get(enactment.decisionId);
    if (!record?.manifest || !isOpen(record)) return;
    if (record.manifest.executor !== enactment.executor) return this.#drop('bad-document');
    const { outcome, reason, postState } = enactment;
    // Without the dry-run no receipt of the act would hold: wait for both to come again.
    if (!record.dryRun && acted.includes(outcome)) return;
    const after = await this.#write(record, {
      fact: { kind: 'enactment', document: enactment, envelope },
      step: 'outcome',
      actor: `region:${enactment.executor}`,
      reason: reason || outcome,
      facts: { outcome, executor: enactment.executor },
      digests: { enactment: digestOf(canonicalBytes(enactment)), ...(postState && { postState }) },
    });
    if (!after) return;
    this.#c.ports.metrics.count('enactments_total', { outcome });
    this.#hearers.onEnactment(after, enactment);
  }

  /** Audit entry and fact in one batch. */
  async #write(
    { decisionId, instance }: DecisionRecord,
    news: {
      readonly fact: Fact;
      readonly step: 'approval' | 'dry-run' | 'outcome';
      readonly actor: string;
      readonly reason: string;
      readonly facts: Readonly<Record<string, string | number>>;
      readonly digests: Readonly<Record<string, string>>;
    },
  ): Promise<DecisionRecord | null> {
    const at = this.#c.ports.clock.now();
    const { fact, ...draft } = news;
    await this.#c.ledger.commit(
      [{ ...instance, decisionId, ...draft }],
      [putFact(decisionId, fact, at)],
    );
    if ('envelope' in fact) this.#remember(fact.envelope);
    return this.#c.decisions.learn(decisionId, fact, at);
  }

  #inTurn<T>({ decisionId }: { readonly decisionId: string }, work: () => Promise<T>): Promise<T> {
    return this.#c.inTurn.run(decisionId, work);
  }

  #remember({ payload }: Envelope): void {
    this.#taken.add(payload);
    const [oldest] = this.#taken;
    if (this.#taken.size > takenMax && oldest !== undefined) this.#taken.delete(oldest);
  }

  #isBy(signers: readonly string[], member: string): boolean {
    const found = this.#c.constitution.epoch.members.find(({ id }) => id === member);
    return found !== undefined && signers.includes(found.publicKey);
  }

  #sign(kind: DocumentKind, document: unknown): Envelope {
    return signEnvelope(kind, canonicalBytes(document), [this.#c.ports.signer]);
  }

  #drop(reason: string): void {
    this.#c.ports.metrics.count('fabric_dropped_total', { reason });
  }
}

/** One verdict a person: saying it again under a fresh nonce adds nothing. */
function isSameVerdict(a: Approval, b: Approval): boolean {
  return a.nonce === b.nonce || (a.approver === b.approver && a.verdict === b.verdict);
}
