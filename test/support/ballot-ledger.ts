/**
 * Everything that was ever said about an instance, and what must be true of it.
 *
 * The ledger knows nothing of the cores: it sees signed votes in the order in which they were
 * said, as an observer of the whole network would, and checks the invariants against those.
 */
import type { Evidence } from '#protocols/ballot/state.ts';
import { abortValue, nilValue, type ValueId } from '#protocols/ids.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { FaultModel } from '#protocols/messages/epoch.ts';
import { quorumOf } from '#protocols/quorum.ts';

export interface Ledger {
  readonly certified: ReadonlySet<ValueId>;
  record(vote: SignedVote): void;
  checkCertificate(certificate: Certificate): void;
  checkEvidence(evidence: readonly Evidence[]): void;
}

interface Options {
  readonly members: readonly string[];
  readonly faultModel: FaultModel;
  readonly liars: readonly string[];
}

/** Who said what, by slot and by value. */
interface Books {
  readonly options: Options;
  readonly quorum: number;
  readonly slots: Map<string, ValueId>;
  readonly sayers: Map<string, Set<string>>;
  readonly locks: Map<string, { readonly round: number; readonly value: ValueId }>;
  readonly certified: Set<ValueId>;
}

export function openLedger(options: Options): Ledger {
  const books: Books = {
    options,
    quorum: quorumOf(options.members.length, options.faultModel),
    slots: new Map(),
    sayers: new Map(),
    locks: new Map(),
    certified: new Set(),
  };
  return {
    certified: books.certified,
    record: (vote) => record(books, vote),
    checkCertificate: (certificate) => checkCertificate(books, certificate),
    checkEvidence: (evidence) => checkEvidence(books, evidence),
  };
}

function record(books: Books, vote: SignedVote): void {
  const { member, step, round, value } = vote;
  const key = `${step} ${round} ${value}`;
  books.sayers.set(key, sayersOf(books, vote).add(member));
  if (books.options.liars.includes(member)) return;
  checkSlot(books, vote);
  if (step === 'prevote') checkPrevote(books, vote);
  if (step === 'precommit') checkPrecommit(books, vote);
}

function checkSlot({ slots }: Books, { member, step, round, value }: SignedVote): void {
  const slot = `${member} ${step} ${round}`;
  if ((slots.get(slot) ?? value) !== value) fail(`I2: ${slot} has two values`);
  slots.set(slot, value);
}

function checkPrevote(books: Books, { member, round, value }: SignedVote): void {
  const lock = books.locks.get(member);
  if (!lock || lock.value === value) return;
  for (let proof = lock.round; proof < round; proof += 1) {
    if (value !== nilValue && hasPrevotes(books, proof, value)) return;
  }
  fail(`I3: ${member} prevoted against its lock in round ${round}`);
}

function checkPrecommit(books: Books, { member, round, value }: SignedVote): void {
  if (value === nilValue) return;
  const isProven = hasPrevotes(books, round, value);
  if (!isProven) fail(`${member} precommitted without a quorum of prevotes`);
  books.locks.set(member, { round, value });
}

function checkCertificate(books: Books, { round, value, signatures }: Certificate): void {
  if (value !== abortValue && !value.startsWith('sha256:')) fail('I4: not a value');
  const signers = new Set(signatures.map(({ member }) => member));
  if (signers.size < books.quorum) fail('I4: fewer than q distinct members');
  const precommitted = sayersOf(books, { step: 'precommit', round, value });
  for (const member of signers) if (!precommitted.has(member)) fail(`I4: ${member} never signed`);
  books.certified.add(value);
  if (books.certified.size > 1) fail('I1: two values are certified');
}

function checkEvidence({ options }: Books, evidence: readonly Evidence[]): void {
  for (const { member, first, second } of evidence) {
    if (!options.liars.includes(member)) fail(`I6: ${member} is innocent`);
    const isOneSlot = first.member === member && second.member === member;
    if (!isOneSlot || first.value === second.value) fail('I6: this is no equivocation');
  }
}

function hasPrevotes(books: Books, round: number, value: ValueId): boolean {
  return sayersOf(books, { step: 'prevote', round, value }).size >= books.quorum;
}

function sayersOf(
  { sayers }: Books,
  { step, round, value }: Pick<SignedVote, 'step' | 'round' | 'value'>,
): Set<string> {
  return sayers.get(`${step} ${round} ${value}`) ?? new Set();
}

function fail(what: string): never {
  throw new Error(what);
}
