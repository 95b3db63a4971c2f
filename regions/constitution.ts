/**
 * What is in force: the epoch, the policy, the roster and the edges, as genesis gave them and
 * the journal has changed them since.
 *
 * Genesis documents are named by digest in the trusted epoch. Every later one is the value of a
 * certified journal entry, applied in height order; replaying the journal on start gives the
 * same state. Policies and rosters that were in force stay known by their digests: a decision is
 * held to those that its manifest names, also when others are in force by the time somebody asks.
 */
import { assert, required } from '#protocols/assert.ts';
import { fromBase64 } from '#protocols/bytes.ts';
import { decodeCanonical } from '#protocols/dsse.ts';
import { QuorateError } from '#protocols/errors.ts';
import { abortValue, journalTarget, type ValueId } from '#protocols/ids.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type {
  ApproverRow,
  EdgeMember,
  Epoch,
  Phase,
  Policy,
  Roster,
} from '#protocols/messages/epoch.ts';
import type { JournalEntry } from '#protocols/messages/journal.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import { approverIn, policyDigest, rosterDigest } from '#protocols/redaction.ts';

export interface Genesis {
  readonly epoch: Epoch;
  readonly policy: Policy;
  readonly roster: Roster;
}

interface InForce<T> {
  readonly document: T;
  readonly digest: string;
}

/** The documents that a manifest was composed under. */
export interface Rules {
  readonly policy: Policy;
  readonly roster: Roster;
}

type RulesNamed = Pick<Manifest, 'policyHash' | 'rosterHash'>;

export class Constitution {
  #epoch: Epoch;
  /** Every epoch that was in force, by its number; each is a journal entry. */
  readonly #epochs = new Map<number, Epoch>();
  #policy: InForce<Policy>;
  #roster: InForce<Roster>;
  readonly #edges = new Map<string, EdgeMember>();
  readonly #homes = new Map<string, string>();
  /** By their digests; as many as the journal has. */
  readonly #policies = new Map<string, Policy>();
  readonly #rosters = new Map<string, Roster>();
  #height = 0;
  #previous: ValueId | null = null;

  constructor({ epoch, policy, roster }: Genesis) {
    this.#epoch = epoch;
    this.#epochs.set(epoch.epoch, epoch);
    this.#policy = this.#adoptPolicy(policy);
    this.#roster = this.#adoptRoster(roster);
    check(this.#policy.digest === epoch.policy, 'policy');
    check(this.#roster.digest === epoch.roster, 'roster');
    this.#indexHomes();
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  /** An epoch that is or was in force. */
  epochNumbered(epoch: number): Epoch | null {
    return this.#epochs.get(epoch) ?? null;
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

  get rosterHash(): string {
    return this.#roster.digest;
  }

  get height(): number {
    return this.#height;
  }

  /** The value certified at the newest height. */
  get previous(): ValueId | null {
    return this.#previous;
  }

  /** Null as long as the journal entry that brings one of them has not arrived. */
  rulesNamed({ policyHash, rosterHash }: RulesNamed): Rules | null {
    const policy = this.#policies.get(policyHash);
    const roster = this.#rosters.get(rosterHash);
    return policy && roster ? { policy, roster } : null;
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

  /** Who may decide about the manifest, by the roster that it names. */
  approver(id: string, manifest: Pick<Manifest, 'tenant' | 'rosterHash'>): ApproverRow | null {
    const roster = this.#rosters.get(manifest.rosterHash);
    return roster ? approverIn(roster, { id, tenant: manifest.tenant }) : null;
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
    this.#change(decoded.value);
    return decoded.value;
  }

  #change({ change }: JournalEntry): void {
    switch (change.kind) {
      case 'policy':
        this.#policy = this.#adoptPolicy(change.policy);
        this.#indexHomes();
        return;
      case 'roster':
        this.#roster = this.#adoptRoster(change.roster);
        return;
      case 'edge':
        this.#edges.set(change.edge.id, change.edge);
        return;
      case 'epoch': {
        const decoded = decodeCanonical('epoch/1', fromBase64(change.envelope.payload));
        assert(decoded.ok, 'regions certify only epochs that decode');
        this.#epoch = decoded.value;
        this.#epochs.set(this.#epoch.epoch, this.#epoch);
      }
    }
  }

  #adoptPolicy(document: Policy): InForce<Policy> {
    const digest = policyDigest(document);
    this.#policies.set(digest, document);
    return { document, digest };
  }

  #adoptRoster(document: Roster): InForce<Roster> {
    const digest = rosterDigest(document);
    this.#rosters.set(digest, document);
    return { document, digest };
  }

  #indexHomes(): void {
    this.#homes.clear();
    for (const tenant of this.policy.tenants) {
      for (const { target, home } of tenant.targets) this.#homes.set(target, home);
    }
  }
}

function check(holds: boolean, field: string): void {
  if (holds) return;
  throw new QuorateError('config', `the ${field} is not the one that the trusted epoch names`, {
    field,
  });
}
