/**
 * The book of decisions: what became of every manifest ever put forward.
 *
 * A read model over facts in the store; rebuilt on start, updated as facts become durable, never
 * a source of truth itself.
 *
 *   proposal/<decision id>          a manifest was put forward for an instance
 *   votes/<target>@<version>        the votes held when the instance was decided
 *   dry-run/ gate/ released/ intent/ before/ enactment/ + <decision id>
 *   approval/<decision id>/<nonce>
 */

import type { HeldSince } from '#fabric/host/vote-times.ts';
import type { Store, StoreOp } from '#fabric/ports.ts';
import { fromUtf8, utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { decodeCanonical } from '#protocols/dsse.ts';
import {
  abortValue,
  decisionId,
  type Instance,
  instanceKey,
  journalTarget,
  type ValueId,
} from '#protocols/ids.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { DryRun, Enactment } from '#protocols/messages/enactment.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { Gate, Manifest } from '#protocols/messages/manifest.ts';
import type { ProposalFilter, ProposalStatus } from './node.ts';

export interface RecordedApproval {
  readonly approval: Approval;
  readonly envelope: Envelope;
}

export interface DecisionRecord {
  readonly decisionId: string;
  readonly instance: Instance;
  readonly value: ValueId;
  /** Null for ABORT. */
  readonly manifest: Manifest | null;
  readonly counter: boolean;
  /** What the instance decided; null while it is open. */
  readonly certificate: Certificate | null;
  readonly dryRun: { readonly document: DryRun; readonly envelope: Envelope } | null;
  readonly gate: { readonly missing: Gate; readonly expiresAt: number } | null;
  readonly released: boolean;
  readonly intent: boolean;
  readonly approvals: readonly RecordedApproval[];
  readonly enactment: { readonly document: Enactment; readonly envelope: Envelope } | null;
  /** Milliseconds, node's clock. */
  readonly updatedAt: number;
}

export type Fact =
  | { readonly kind: 'dry-run'; readonly document: DryRun; readonly envelope: Envelope }
  | { readonly kind: 'gate'; readonly missing: Gate; readonly expiresAt: number }
  | { readonly kind: 'released' }
  | { readonly kind: 'intent' }
  | { readonly kind: 'approval'; readonly approval: Approval; readonly envelope: Envelope }
  | { readonly kind: 'enactment'; readonly document: Enactment; readonly envelope: Envelope };

/** A stored fact names when it was recorded. */
type Stored<T> = T & { readonly at: number };
export interface StoredProposal {
  readonly instance: Instance;
  readonly value: ValueId;
  readonly counter: boolean;
}

export class Decisions {
  readonly #records = new Map<string, DecisionRecord>();
  readonly #byInstance = new Map<string, Set<string>>();
  readonly #byTenant = new Map<string, string[]>();
  readonly #underWay = new Set<string>();
  /** By tenant, what waits for people. */
  readonly #pending = new Map<string, Set<string>>();
  /** By signal or risk id, the manifests that name it as their reason. */
  readonly #basedOn = new Map<string, Set<string>>();
  readonly #federation: string;

  constructor(federation: string) {
    this.#federation = federation;
  }

  /** Reads everything back: proposals, then what certificates and facts say of them. */
  static async open(options: {
    readonly federation: string;
    readonly store: Store;
    body(value: ValueId): Promise<Uint8Array | undefined>;
    /** Where the log first names a decision: facts alone do not say which came first. */
    firstSeqOf(decisionId: string): number;
  }): Promise<Decisions> {
    const { store } = options;
    const decisions = new Decisions(options.federation);
    const proposals: Stored<StoredProposal>[] = [];
    for await (const [, bytes] of store.scan({ prefix: 'proposal/' })) {
      proposals.push(parse<Stored<StoredProposal>>(bytes));
    }
    for (const { at, ...proposal } of proposals.sort((a, b) => a.at - b.at)) {
      const body = await options.body(proposal.value);
      decisions.propose(proposal, body ?? null, at);
    }
    for await (const [, bytes] of store.scan({ prefix: 'cert/' })) {
      const certificate = parse<Certificate>(bytes);
      const { value, instance } = certificate;
      if (instance.target === journalTarget) continue;
      // A certificate may have come without its candidate: then only the body knows the manifest.
      const isKnown = decisions.get(decisionId(options.federation, instance, value))?.manifest;
      const body = value === abortValue || isKnown ? null : await options.body(value);
      decisions.decide(certificate, body ?? null, 0);
    }
    for (const kind of ['dry-run', 'gate', 'approval', 'released', 'intent', 'enactment']) {
      for await (const [key, bytes] of store.scan({ prefix: `${kind}/` })) {
        const { at, ...fact } = parse<Stored<Fact>>(bytes);
        decisions.learn(key.split('/')[1] ?? '', fact as Fact, at);
      }
    }
    for (const ids of decisions.#byTenant.values()) {
      ids.sort((a, b) => options.firstSeqOf(a) - options.firstSeqOf(b));
    }
    return decisions;
  }

  get(id: string): DecisionRecord | null {
    return this.#records.get(id) ?? null;
  }

  of(instance: Instance): readonly DecisionRecord[] {
    const ids = this.#byInstance.get(instanceKey(instance)) ?? [];
    return [...ids].flatMap((id) => this.#records.get(id) ?? []);
  }

  /** Newest first. */
  page(
    tenant: string,
    { limit, before }: { readonly limit: number; readonly before: number },
    { status, target }: ProposalFilter = {},
  ): { readonly records: readonly DecisionRecord[]; readonly next: number | null } {
    const all = this.#byTenant.get(tenant) ?? [];
    const records: DecisionRecord[] = [];
    let next: number | null = null;
    for (let index = Math.min(before, all.length) - 1; index >= 0; index -= 1) {
      const record = this.#records.get(all[index] ?? '');
      if (!record || (target !== undefined && record.instance.target !== target)) continue;
      if (status !== undefined && statusOf(record) !== status) continue;
      // Another one is there: the page after this begins with it.
      if (records.length === limit) return { records, next };
      records.push(record);
      next = index;
    }
    return { records, next: null };
  }

  /** What waits for people, oldest first. */
  pending(tenant: string): readonly DecisionRecord[] {
    return [...(this.#pending.get(tenant) ?? [])].flatMap((id) => this.#records.get(id) ?? []);
  }

  /** The decisions whose manifests name a signal or a risk. */
  basedOn(name: string): readonly DecisionRecord[] {
    return [...(this.#basedOn.get(name) ?? [])].flatMap((id) => this.#records.get(id) ?? []);
  }

  all(): Iterable<DecisionRecord> {
    return this.#records.values();
  }

  /** Certified decisions of a target, or of all, whose outcome is not known. */
  *underWay(target?: string): Iterable<DecisionRecord> {
    for (const id of this.#underWay) {
      const record = this.#records.get(id);
      if (record && (target === undefined || record.instance.target === target)) yield record;
    }
  }

  propose({ instance, value, counter }: StoredProposal, body: Uint8Array | null, at: number): void {
    const id = decisionId(this.#federation, instance, value);
    const known = this.#records.get(id);
    if (known?.manifest && known.counter === counter) return;
    const manifest = known?.manifest ?? (body ? manifestIn(body) : null);
    // News of a candidate may come after the certificate for another.
    const decided = this.of(instance).find((other) => other.certificate !== null);
    const certificate = decided?.certificate ?? null;
    const record = known ?? { ...blank(id, instance, value, at), certificate };
    this.#put({ ...record, manifest, counter, updatedAt: Math.max(record.updatedAt, at) });
  }

  decide(certificate: Certificate, body: Uint8Array | null, at: number): DecisionRecord {
    const { instance, value } = certificate;
    const id = decisionId(this.#federation, instance, value);
    const known = this.#records.get(id) ?? blank(id, instance, value, at);
    const manifest = known.manifest ?? (body ? manifestIn(body) : null);
    this.#put({ ...known, manifest });
    for (const record of this.of(instance)) {
      this.#put({ ...record, certificate, updatedAt: Math.max(record.updatedAt, at) });
    }
    return this.#records.get(id) ?? known;
  }

  learn(id: string, fact: Fact, at: number): DecisionRecord | null {
    const known = this.#records.get(id);
    if (!known) return null;
    // Read back, facts come kind by kind: the newest says when.
    const updatedAt = Math.max(known.updatedAt, at);
    const record = { ...withFact(known, fact), updatedAt };
    this.#put(record);
    return record;
  }

  #put(record: DecisionRecord): void {
    const { decisionId: id, instance } = record;
    const known = this.#records.get(id);
    if (!known) {
      put(this.#byInstance, instanceKey(instance), id);
      const tenant = this.#byTenant.get(instance.tenant) ?? [];
      tenant.push(id);
      this.#byTenant.set(instance.tenant, tenant);
    }
    this.#records.set(id, record);
    if (isOpen(record)) this.#underWay.add(id);
    else this.#underWay.delete(id);
    if (statusOf(record) === 'pending-approval') put(this.#pending, instance.tenant, id);
    else this.#pending.get(instance.tenant)?.delete(id);
    if (!record.manifest || known?.manifest) return;
    const { signalIds, riskId } = record.manifest;
    for (const name of riskId ? [...signalIds, riskId] : signalIds) put(this.#basedOn, name, id);
  }
}

export function statusOf(record: DecisionRecord): ProposalStatus {
  const { certificate, value } = record;
  if (!certificate) return 'negotiating';
  if (certificate.value === abortValue) return 'aborted';
  if (certificate.value !== value) return 'lost';
  if (record.enactment) return record.enactment.document.outcome;
  if (record.intent) return 'enacting';
  if (record.released) return 'released';
  if (record.gate && needsPeople(record.gate.missing)) return 'pending-approval';
  return 'certified';
}

export function needsPeople(missing: Gate): boolean {
  return missing.approvals.length > 0 || missing.secondApprover || missing.mfa;
}

/** Whether the instance decided for this manifest and nothing has ended it yet. */
export function isOpen(record: DecisionRecord): boolean {
  return (
    record.manifest !== null &&
    record.certificate?.value === record.value &&
    record.enactment === null
  );
}

export function putProposal(federation: string, proposal: StoredProposal, at: number): StoreOp {
  const id = decisionId(federation, proposal.instance, proposal.value);
  return { put: `proposal/${id}`, value: canonicalBytes({ ...proposal, at }) };
}

export function putFact(id: string, fact: Fact, at: number): StoreOp {
  const suffix = fact.kind === 'approval' ? `/${fact.approval.nonce}` : '';
  return { put: `${fact.kind}/${id}${suffix}`, value: utf8(JSON.stringify({ ...fact, at })) };
}

export function putVotes(instance: Instance, votes: readonly HeldSince[]): StoreOp {
  return { put: `votes/${instanceKey(instance)}`, value: utf8(JSON.stringify(votes)) };
}

export async function votesOf(store: Store, instance: Instance): Promise<readonly HeldSince[]> {
  const bytes = await store.get(`votes/${instanceKey(instance)}`);
  if (!bytes) return [];
  // Stores written before times were kept hold the votes alone.
  const stored = parse<readonly (HeldSince | SignedVote)[]>(bytes);
  return stored.map((one) => ('vote' in one ? one : { vote: one, at: null }));
}

function put(map: Map<string, Set<string>>, key: string, id: string): void {
  const known = map.get(key);
  if (known) known.add(id);
  else map.set(key, new Set([id]));
}

function withFact(record: DecisionRecord, fact: Fact): DecisionRecord {
  switch (fact.kind) {
    case 'dry-run':
      return { ...record, dryRun: fact };
    case 'gate':
      return { ...record, gate: fact };
    case 'released':
      return { ...record, released: true };
    case 'intent':
      return { ...record, intent: true };
    case 'enactment':
      return { ...record, enactment: fact };
    case 'approval': {
      const isKnown = record.approvals.some(
        ({ approval }) => approval.nonce === fact.approval.nonce,
      );
      return isKnown ? record : { ...record, approvals: [...record.approvals, fact] };
    }
  }
}

function blank(id: string, instance: Instance, value: ValueId, at: number): DecisionRecord {
  return {
    decisionId: id,
    instance,
    value,
    manifest: null,
    counter: false,
    certificate: null,
    dryRun: null,
    gate: null,
    released: false,
    intent: false,
    approvals: [],
    enactment: null,
    updatedAt: at,
  };
}

function manifestIn(body: Uint8Array): Manifest | null {
  const decoded = decodeCanonical('manifest/1', body);
  return decoded.ok ? decoded.value : null;
}

function parse<T>(bytes: Uint8Array): T {
  return JSON.parse(fromUtf8(bytes)) as T;
}
