import { expect, test } from 'vitest';
import { nativeVerifier } from '#fabric/keys/verify.ts';
import type { UnsignedVote } from '#protocols/ballot/state.ts';
import { VerifiedRoots } from '#protocols/ballot/verified-roots.ts';
import { signTurn, turnBytes, verifyVote, voteLeaf } from '#protocols/ballot/vote.ts';
import { toHex } from '#protocols/bytes.ts';
import type { Verifier } from '#protocols/crypto.ts';
import { decisionBytes, versionOf } from '#protocols/ids.ts';
import type { Judgement, SignedVote } from '#protocols/messages/ballot.ts';
import { federation, signerOf, signVote } from '#test/support/federation-fixture.ts';

const instance = { tenant: 'shop', target: 'shop/web', version: versionOf(1, 1) };
const value = `sha256:${'a'.repeat(64)}`;
const judgement: Judgement = {
  verdict: 'accept',
  confidence: 0.9,
  risk: 0.2,
  costEstimate: 1,
  reversibility: 1,
  reasons: ['calm'],
};
const prevote: UnsignedVote = { instance, step: 'prevote', round: 7, value, judgement };
const precommit: UnsignedVote = { instance, step: 'precommit', round: 258, value };
const author = { federation, epoch: 1, member: 'eu' };
const { publicKey } = signerOf('eu');
const of = { federation, publicKey };
const verifier = nativeVerifier();

test('a leaf is 41 bytes: prefix, step, round, zeros, decision', () => {
  const decision = toHex(decisionBytes(federation, instance, value));
  expect(toHex(voteLeaf(federation, precommit))).toBe(`000400000102000000${decision}`);
  const judged = toHex(voteLeaf(federation, prevote));
  expect(judged.slice(0, 18)).toBe('000300000007000000');
  expect(judged.slice(18)).not.toBe(decision);
  const { judgement: _, ...plain } = prevote;
  expect(toHex(voteLeaf(federation, plain)).slice(18)).toBe(decision);
});

test('what a member signs is tag, federation, epoch, member, leaf count and root', () => {
  const text = (word: string) =>
    `${word.length.toString(16).padStart(4, '0')}${toHex(Buffer.from(word))}`;
  const root = new Uint8Array(32).fill(9);
  expect(toHex(turnBytes(author, 3, root))).toBe(
    `${text('quorate/votes/1')}${text('acme')}00000001${text('eu')}00000003${'09'.repeat(32)}`,
  );
});

test('every vote of a turn verifies alone, for turns of many sizes, under one signature', () => {
  for (const size of [1, 2, 3, 7, 8, 33]) {
    const turn = Array.from({ length: size }, (_, round) => ({ ...precommit, round }));
    const votes = signTurn(author, turn, signerOf('eu'));
    expect(new Set(votes.map(({ proof }) => proof.signature)).size).toBe(1);
    expect(votes.every((vote) => verifyVote(vote, of, { verifier }))).toBe(true);
  }
  expect(signTurn(author, [], signerOf('eu'))).toEqual([]);
});

test('a vote that was changed in any field does not verify', () => {
  const vote = signVote('eu', prevote, { others: 4 });
  expect(verifyVote(vote, of, { verifier })).toBe(true);
  const { proof } = vote;
  const other = `sha256:${'b'.repeat(64)}`;
  const zeros = '0'.repeat(64);
  const changed: readonly SignedVote[] = [
    { ...vote, member: 'us' },
    { ...vote, epoch: 2 },
    { ...vote, instance: { ...instance, version: instance.version + 1 } },
    { ...vote, instance: { ...instance, tenant: 'bank' } },
    { ...vote, step: 'precommit' },
    { ...vote, round: 8 },
    { ...vote, value: other },
    { ...vote, value: 'nil' },
    { ...vote, judgement: { ...judgement, confidence: 0.8 } },
    { ...vote, proof: { ...proof, index: 1 } },
    { ...vote, proof: { ...proof, leafCount: 6 } },
    { ...vote, proof: { ...proof, leafCount: 2 ** 17 } },
    { ...vote, proof: { ...proof, path: proof.path.slice(1) } },
    { ...vote, proof: { ...proof, path: [...proof.path, zeros] } },
    { ...vote, proof: { ...proof, path: [zeros, ...proof.path.slice(1)] } },
    { ...vote, proof: { ...proof, signature: '0'.repeat(128) } },
  ];
  expect(changed.filter((one) => verifyVote(one, of, { verifier }))).toEqual([]);
  const { judgement: _, ...unjudged } = vote;
  expect(verifyVote(unjudged, of, { verifier })).toBe(false);
  expect(verifyVote(vote, { ...of, federation: 'other' }, { verifier })).toBe(false);
  const foreign = { federation, publicKey: signerOf('us').publicKey };
  expect(verifyVote(vote, foreign, { verifier })).toBe(false);
});

test('a judgement outside a prevote or with ill-formed text is refused, not signed', () => {
  const vote = signVote('eu', precommit);
  expect(verifyVote({ ...vote, judgement }, of, { verifier })).toBe(false);
  expect(() => signVote('eu', { ...precommit, judgement })).toThrow('only a prevote');
  const illFormed = { ...judgement, reasons: ['\ud800'] };
  const judged = signVote('eu', prevote);
  expect(verifyVote({ ...judged, judgement: illFormed }, of, { verifier })).toBe(false);
});

// Goal: many votes of a turn cost one verification. Method: count them.
test('a remembered root saves the verification of that signature only', () => {
  let verifications = 0;
  const counting: Verifier = {
    ...verifier,
    verify(...args) {
      verifications += 1;
      return verifier.verify(...args);
    },
  };
  const checks = { verifier: counting, roots: new VerifiedRoots(2) };
  const turn = Array.from({ length: 5 }, (_, round) => ({ ...precommit, round }));
  const votes = signTurn(author, turn, signerOf('eu'));
  expect(votes.every((vote) => verifyVote(vote, of, checks))).toBe(true);
  expect(verifications).toBe(1);

  const [first] = votes;
  if (!first) throw new Error('five votes were signed');
  const forged = { ...first, proof: { ...first.proof, signature: `${'1'.repeat(127)}0` } };
  expect(verifyVote(forged, of, checks)).toBe(false);
  expect(verifyVote(first, { ...of, publicKey: signerOf('us').publicKey }, checks)).toBe(false);
  expect(verifications).toBe(3);

  for (const round of [1, 2])
    expect(verifyVote(signVote('eu', { ...precommit, round }), of, checks)).toBe(true);
  expect(verifications).toBe(5);
  expect(verifyVote(first, of, checks)).toBe(true);
  expect(verifications, 'two newer roots have pushed out the first').toBe(6);
});
