import { expect, test } from 'vitest';
import { noParts, SlotGuard, signVotes, turnMessages } from '#fabric/host/outbox.ts';
import { nativeVerifier } from '#fabric/keys/verify.ts';
import type { UnsignedVote } from '#protocols/ballot/state.ts';
import { verifyVote } from '#protocols/ballot/vote.ts';
import { abortValue, nilValue } from '#protocols/ids.ts';
import type { TurnMessage } from '#protocols/messages/fabric.ts';
import { decode, messageBytesMax } from '#protocols/messages/index.ts';
import { instance, vote, X, Y } from '#test/support/ballot.ts';
import { federation, signerOf } from '#test/support/federation-fixture.ts';

const head = { federation, epoch: 1, from: 'eu' };

function unsigned(round: number, value: string, step: UnsignedVote['step'] = 'prevote') {
  return { instance, step, round, value };
}

function decoded(messages: readonly Uint8Array[]): readonly TurnMessage[] {
  return messages.map((bytes) => {
    const message = decode(['turn/1'], bytes);
    if (!message.ok) throw new Error(`a message does not decode: ${message.reason}`);
    return message.value;
  });
}

test('the same slot may be signed again for the same value only', () => {
  const guard = new SlotGuard();
  guard.admit(unsigned(1, X));
  expect(() => guard.admit(unsigned(1, X))).not.toThrow();
  expect(() => guard.admit(unsigned(1, Y))).toThrow('a slot has one value');
  expect(() => guard.admit(unsigned(1, Y, 'precommit'))).not.toThrow();
});

test('a slot older than the newest signed is refused', () => {
  const guard = new SlotGuard();
  guard.admit(unsigned(2, nilValue));
  expect(() => guard.admit(unsigned(1, X))).toThrow('an older slot is never signed');
  expect(() => guard.admit(unsigned(3, X))).not.toThrow();
});

test('what was signed before a restart still counts', () => {
  const guard = new SlotGuard();
  guard.restore([vote('eu', 'prevote', 2, X), vote('eu', 'prevote', 1, Y)]);
  expect(() => guard.admit(unsigned(2, Y))).toThrow('a slot has one value');
  expect(() => guard.admit(unsigned(2, X))).not.toThrow();
});

test('slots go with the certificate of their instance', () => {
  const guard = new SlotGuard();
  guard.admit(unsigned(2, X));
  guard.forget(instance);
  expect(() => guard.admit(unsigned(0, Y))).not.toThrow();
});

test('the votes of a turn share one signature, and each verifies alone', () => {
  const signer = signerOf('eu');
  const votes = signVotes({
    federation,
    epoch: 1,
    member: 'eu',
    votes: [unsigned(0, X, 'proposal'), unsigned(0, X), unsigned(0, X, 'precommit')],
    guard: new SlotGuard(),
    signer,
  });
  expect(new Set(votes.map(({ proof }) => proof.signature)).size).toBe(1);
  const of = { federation, publicKey: signer.publicKey };
  const checks = { verifier: nativeVerifier() };
  expect(votes.map((one) => verifyVote(one, of, checks))).toEqual([true, true, true]);
  const [first] = votes;
  expect(first && verifyVote({ ...first, value: Y }, of, checks)).toBe(false);
});

test('a turn that says nothing sends nothing', () => {
  expect(turnMessages(head, noParts)).toEqual([]);
});

test('a turn is one message as long as that is within bounds', () => {
  const parts = { ...noParts, votes: [vote('eu', 'prevote', 0, abortValue)], wants: [X] };
  const [message, ...more] = decoded(turnMessages(head, parts));
  expect(more).toEqual([]);
  expect(message).toEqual({ type: 'turn/1', ...head, ...parts });
});

// Goal: no peer drops a message for its size. Method: bodies of a quarter of a megabyte each.
test('what is too much for one message is sent in several, bodies last', () => {
  const bodies = Array.from({ length: 40 }, () => ({ digest: X, bytes: 'A'.repeat(360_000) }));
  const wants = Array.from({ length: 600 }, () => Y);
  const votes = [vote('eu', 'candidate', 0, X)];
  const messages = turnMessages(head, { ...noParts, votes, bodies, wants });
  for (const { length } of messages) expect(length).toBeLessThanOrEqual(messageBytesMax);
  const all = decoded(messages);
  expect(all.flatMap((message) => message.bodies)).toHaveLength(bodies.length);
  expect(all.flatMap((message) => message.wants)).toHaveLength(wants.length);
  expect(all.flatMap((message) => message.votes)).toEqual(votes);
  const firstWithBodies = all.findIndex((message) => message.bodies.length > 0);
  expect(all.findLastIndex(({ votes: some }) => some.length > 0)).toBeLessThan(firstWithBodies);
});
