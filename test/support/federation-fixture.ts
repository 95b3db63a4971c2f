/** A federation with real keys, and the signatures its members give. */
import type { LogSigner, Signer } from '#fabric/ports.ts';
import { certificateFrom } from '#protocols/ballot/certificate.ts';
import type { UnsignedVote } from '#protocols/ballot/state.ts';
import { signTurn } from '#protocols/ballot/vote.ts';
import { signatureRule } from '#protocols/crypto.ts';
import { signEnvelope } from '#protocols/dsse.ts';
import { epochPayload } from '#protocols/epochs/epoch.ts';
import type { Instance, ValueId } from '#protocols/ids.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { Epoch } from '#protocols/messages/epoch.ts';
import { testLogSigner, testSigner } from './keys.ts';

export const federation = 'acme';

export function signerOf(member: string): Signer {
  return testSigner(`${federation}/${member}`);
}

export function logSignerOf(member: string): LogSigner {
  return testLogSigner(`${federation}/${member}`);
}

export function epochOf(members: readonly string[], overrides: Partial<Epoch> = {}): Epoch {
  return {
    type: 'epoch/1',
    federation,
    epoch: 1,
    previous: null,
    faultModel: 'crash',
    signatureRule,
    members: members.map((id) => ({
      id,
      publicKey: signerOf(id).publicKey,
      logKey: logSignerOf(id).publicKey,
      logKeyMlDsa44: logSignerOf(id).publicKeyMlDsa44,
    })),
    roster: `sha256:${'1'.repeat(64)}`,
    policy: `sha256:${'2'.repeat(64)}`,
    notAfter: '2030-01-01T00:00:00.000Z',
    previousAcceptedSeconds: 3600,
    ...overrides,
  };
}

export function signEpoch(epoch: Epoch, members: readonly string[]): Envelope {
  return signEnvelope('epoch', epochPayload(epoch), members.map(signerOf));
}

/** One vote, with `others` votes in the same turn. */
export function signVote(
  member: string,
  vote: UnsignedVote,
  { epoch = 1, others = 0 } = {},
): SignedVote {
  const turn = [vote, ...Array.from({ length: others }, (_, round) => ({ ...vote, round }))];
  const [first] = signTurn({ federation, epoch, member }, turn, signerOf(member));
  if (!first) throw new Error('a turn with a vote has a signed vote');
  return first;
}

export function certify(
  members: readonly string[],
  decision: { readonly instance: Instance; readonly value: ValueId; readonly epoch?: number },
): Certificate {
  const { instance, value, epoch = 1 } = decision;
  const votes = members.map((member, others) =>
    signVote(member, { instance, step: 'precommit', round: 0, value }, { epoch, others }),
  );
  return certificateFrom(federation, votes);
}
