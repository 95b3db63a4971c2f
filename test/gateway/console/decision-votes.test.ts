import { expect, test } from 'vitest';
import { differencesOf } from '#gateway/console/src/components/decision/differences.ts';
import { stancesOf, stripWords } from '#gateway/console/src/components/decision/strip.ts';
import {
  actionOf,
  manifestsOf,
  nameOf,
  versionInWords,
} from '#gateway/console/src/components/decision/values.ts';
import {
  aborted,
  countered,
  lost,
  nineteen,
  scaleTo,
  sixteen,
  vote,
  waiting,
} from './decision-examples.ts';

function strip(proposal: Parameters<typeof stancesOf>[0]): string {
  return stancesOf(proposal)
    .map(({ stance }) => stance)
    .join(' ');
}

test('a region stands where its own newest prevote is, not where the quorum took it', () => {
  expect(strip(countered)).toBe('accept accept reject');
});

test('whoever accepted the counter-proposal is for another manifest', () => {
  expect(strip(lost)).toBe('other other reject');
});

test('a member that was not heard keeps its place', () => {
  expect(strip(waiting)).toBe('none accept reject');
  expect(stripWords(stancesOf(waiting))).toBe(
    'ap-south was not heard, eu-west accepts it, us-east rejects it',
  );
});

test('abort and no opinion are told apart', () => {
  expect(strip(aborted)).toBe('abort abort nil');
});

test('two signed answers outweigh whatever else a region said', () => {
  const equivocations = [{ region: 'eu-west', reason: 'two prevotes', at: countered.updated_at }];
  expect(strip({ ...countered, equivocations })).toBe('accept equivocated reject');
});

test('a newer round replaces an older one', () => {
  const votes = [
    vote('ap-south', [2, 'prevote', sixteen], { verdict: 'accept' }),
    vote('ap-south', [1, 'prevote', 'nil'], { verdict: 'reject' }),
  ];
  expect(strip({ ...countered, votes })).toBe('accept none none');
});

test('values are named by what they would do', () => {
  const manifests = manifestsOf(countered, [lost]);
  expect(nameOf(nineteen, manifests)).toBe('scale to 19 replicas');
  expect(nameOf('abort', manifests)).toBe('abort: do nothing');
  expect(nameOf(nineteen, manifestsOf(countered))).toBe('manifest 909090909090');
  expect(actionOf(aborted)).toBe('do nothing (abort)');
  expect(versionInWords(4294967301)).toBe('version 5 of epoch 1');
});

test('the difference of two manifests names what an operator would notice', () => {
  const nineteenReplicas = scaleTo(19, { proposer: 'eu-west', nonce: '00'.repeat(32) });
  expect(differencesOf(nineteenReplicas, scaleTo(16))).toEqual([
    { field: 'action', from: 'scale to 19 replicas', to: 'scale to 16 replicas' },
    { field: 'put forward by', from: 'eu-west', to: 'ap-south' },
  ]);
  expect(differencesOf(scaleTo(16), scaleTo(16, { nonce: '00'.repeat(32) }))).toEqual([]);
});
