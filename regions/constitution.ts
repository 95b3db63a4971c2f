/**
 * What is in force: the epoch, the policy, the roster and the edges, as genesis gave them and
 * the journal has changed them since.
 *
 * Genesis documents are named by digest in the trusted epoch. Every later one is the value of a
 * certified journal entry, applied in height order; replaying the journal on start gives the
 * same state. A document that is not the epoch's own is kept with the certificate that put it
 * in force, so that a receipt can carry the proof.
 */
import { assert, required } from '#protocols/assert.ts';
import { digestOf, fromBase64, toBase64 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { decodeCanonical } from '#protocols/dsse.ts';
import { QuorateError } from '#protocols/errors.ts';
import { abortValue, journalTarget, type ValueId } from '#protocols/ids.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { EdgeMember, Epoch, Phase, Policy, Roster } from '#protocols/messages/epoch.ts';
import type { JournalEntry } from '#protocols/messages/journal.ts';
import type { Role } from '#protocols/messages/manifest.ts';

export interface Genesis {
  readonly epoch: Epoch;
  readonly policy: Policy;
  readonly roster: Roster;
}

/** The certified journal entry that put a document in force. */
export interface Enactor {
  readonly certificate: Certificate;
  readonly entry: string;
}

interface InForce<T> {
  readonly document: T;
  readonly digest: string;
  readonly by: Enactor | null;
}

/** Documents in force together, and the proof of those that the epoch itself does not name. */
export interface Rules {
  readonly policy: Policy;
  readonly roster: Roster;
  /** By height. */
  readonly enactors: readonly Enactor[];
}

export class Constitution {
  #epoch: Epoch;
  #policy: InForce<Policy>;
  #roster: InForce<Roster>;
  readonly #edges = new Map<string, EdgeMember>();
  readonly #homes = new Map<string, string>();
  /** By the policy's digest; as many as the journal has policies. */
  readonly #rules = new Map<string, Rules>();
  #height = 0;
  #previous: ValueId | null = null;

  constructor({ epoch, policy, roster }: Genesis) {
    this.#epoch = epoch;
    this.#policy = inForce(policy, null);
    this.#roster = inForce(roster, null);
    check(this.#policy.digest === epoch.policy, 'policy');
    check(this.#roster.digest === epoch.roster, 'roster');
    this.#indexHomes();
    this.#rememberRules();
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  get policy(): Policy {
    return this.#policy.document;
  }

  get policyHash(): string {
    return this.#policy.digest;
  }

  get roster(): Roster {
    return this.#roster.document;
  }

  get height(): number {
    return this.#height;
  }

  /** The value certified at the newest height. */
  get previous(): ValueId | null {
    return this.#previous;
  }

  /**
   * What was in force when the policy last was this one: a decision is held to the rules it was
   * made under, also when others are in force by the time somebody asks.
   */
  rulesUnder(policyHash: string): Rules | null {
    return this.#rules.get(policyHash) ?? null;
  }

  edges(): ReadonlyMap<string, EdgeMember> {
    return this.#edges;
  }

  /** The home region of a registered target; the journal's is the first member. */
  homeOf(target: string): string | null {
    if (target === journalTarget) return this.#epoch.members[0]?.id ?? null;
    return this.#homes.get(target) ?? null;
  }

  phaseOf(tenant: string): Phase {
    return this.policy.tenants.find(({ id }) => id === tenant)?.phase ?? 'L3';
  }

  approver(id: string, tenant: string): { publicKey: string; roles: readonly Role[] } | null {
    const found = this.roster.approvers.find((one) => one.id === id);
    return found?.tenants.includes(tenant) ? found : null;
  }

  /** Applies the next certified entry of the journal; ABORT only uses up the height. */
  apply(certificate: Certificate, body: Uint8Array | null): JournalEntry | null {
    const { instance, value } = certificate;
    assert(instance.target === journalTarget, 'only journal entries change what is in force');
    assert(instance.version === this.#height + 1, 'the journal is applied in order');
    this.#height = instance.version;
    this.#previous = value;
    if (value === abortValue) return null;
    const bytes = required(body, 'a certified entry has a body');
    const decoded = decodeCanonical('journal-entry/1', bytes);
    assert(decoded.ok, 'regions certify only entries that decode');
    this.#change(decoded.value, { certificate, entry: toBase64(bytes) });
    return decoded.value;
  }

  #change({ change }: JournalEntry, by: Enactor): void {
    switch (change.kind) {
      case 'policy':
        this.#policy = inForce(change.policy, by);
        this.#indexHomes();
        this.#rememberRules();
        return;
      case 'roster':
        this.#roster = inForce(change.roster, by);
        this.#rememberRules();
        return;
      case 'edge':
        this.#edges.set(change.edge.id, change.edge);
        return;
      case 'epoch': {
        const decoded = decodeCanonical('epoch/1', fromBase64(change.envelope.payload));
        assert(decoded.ok, 'regions certify only epochs that decode');
        this.#epoch = decoded.value;
      }
    }
  }

  #rememberRules(): void {
    const enactors = [this.#policy.by, this.#roster.by]
      .filter((by) => by !== null)
      .sort((a, b) => a.certificate.instance.version - b.certificate.instance.version);
    this.#rules.set(this.policyHash, { policy: this.policy, roster: this.roster, enactors });
  }

  #indexHomes(): void {
    this.#homes.clear();
    for (const tenant of this.policy.tenants) {
      for (const { target, home } of tenant.targets) this.#homes.set(target, home);
    }
  }
}

function inForce<T>(document: T, by: Enactor | null): InForce<T> {
  return { document, digest: digestOf(canonicalBytes(document)), by };
}

function check(holds: boolean, field: string): void {
  if (holds) return;
  throw new QuorateError('config', `the ${field} is not the one that the trusted epoch names`, {
    field,
  });
}
