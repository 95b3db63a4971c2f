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

export function openLedger({ members, faultModel, liars }: Options): Ledger {
  const quorum = quorumOf(members.length, faultModel);
  const slots = new Map<string, ValueId>();
  /** Who said what in a round: `step round value` -> members. */
  const said = new Map<string, Set<string>>();
  const locks = new Map<string, { readonly round: number; readonly value: ValueId }>();
  const certified = new Set<ValueId>();
  const sayers = (step: string, round: number, value: ValueId) =>
    said.get(`${step} ${round} ${value}`) ?? new Set<string>();
  const hasQuorum = (round: number, value: ValueId) =>
    sayers('prevote', round, value).size >= quorum;

  const checkPrevote = ({ member, round, value }: SignedVote) => {
    const lock = locks.get(member);
    if (!lock || lock.value === value) return;
    for (let vr = lock.round; vr < round; vr += 1)
      if (value !== nilValue && hasQuorum(vr, value)) return;
    fail(`I3: ${member} prevoted against its lock in round ${round}`);
  };
  const checkPrecommit = ({ member, round, value }: SignedVote) => {
    if (value === nilValue) return;
    if (!hasQuorum(round, value)) fail(`${member} precommitted without a quorum of prevotes`);
    locks.set(member, { round, value });
  };
  const checkSlot = ({ member, step, round, value }: SignedVote) => {
    const slot = `${member} ${step} ${round}`;
    if ((slots.get(slot) ?? value) !== value) fail(`I2: ${slot} has two values`);
    slots.set(slot, value);
  };

  return {
    certified,
    record(vote) {
      const { member, step, round, value } = vote;
      const key = `${step} ${round} ${value}`;
      said.set(key, (said.get(key) ?? new Set()).add(member));
      if (liars.includes(member)) return;
      checkSlot(vote);
      if (step === 'prevote') checkPrevote(vote);
      if (step === 'precommit') checkPrecommit(vote);
    },
    checkCertificate({ round, value, signatures }) {
      if (value !== abortValue && !value.startsWith('sha256:')) fail('I4: not a value');
      const signers = new Set(signatures.map(({ member }) => member));
      const precommitted = sayers('precommit', round, value);
      if (signers.size < quorum) fail('I4: fewer than q distinct members');
      for (const member of signers)
        if (!precommitted.has(member)) fail(`I4: ${member} never signed`);
      certified.add(value);
      if (certified.size > 1) fail('I1: two values are certified');
    },
    checkEvidence(evidence) {
      for (const { member, first, second } of evidence) {
        if (!liars.includes(member)) fail(`I6: ${member} is innocent`);
        const isOneSlot = first.member === member && second.member === member;
        if (!isOneSlot || first.value === second.value) fail('I6: this is no equivocation');
      }
    },
  };
}

function fail(what: string): never {
  throw new Error(what);
}
