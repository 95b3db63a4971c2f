/**
 * What a region shows of its decisions and of the others: times, voters, liars, entries, members.
 * Two more members are ends of the network by which the test speaks.
 */
import { expect, test } from 'vitest';
import { fromUtf8, utf8 } from '#protocols/bytes.ts';
import { signatureRule } from '#protocols/crypto.ts';
import { abortValue, type Instance, versionOf } from '#protocols/ids.ts';
import type { ProposalView } from '#regions/node.ts';
import { accept } from '#test/support/ballot.ts';
import type { Member } from '#test/support/ballot-hosts.ts';
import { federation } from '#test/support/federation-fixture.ts';
import { RegionWorld, type Running, target } from '#test/support/region.ts';

const members = ['ap', 'eu', 'us'];

function instanceOf({ tenant, version }: ProposalView): Instance {
  return { tenant, target, version };
}

/** eu has put something forward; us has heard of it. */
async function negotiating() {
  const world = new RegionWorld({ members });
  const eu = await world.start();
  const us = world.join('us');
  const asked = await eu.propose();
  return { world, eu, us, asked, instance: instanceOf(asked), value: asked.digest ?? '' };
}

/** us agrees, first to propose it and then for good, a while apart. */
async function decided() {
  const parts = await negotiating();
  const { eu, us, instance, value } = parts;
  await eu.run(100);
  const prevote = { instance, step: 'prevote', round: 0, value, judgement: accept } as const;
  us.say('eu', { votes: [...us.vote(prevote)] });
  await eu.run(100);
  us.say('eu', { votes: [...us.vote({ instance, step: 'precommit', round: 0, value })] });
  await eu.run();
  return parts;
}

function voteOf({ votes }: ProposalView, region: string, step: string) {
  return votes.find((vote) => vote.region === region && vote.step === step);
}

test('an open ballot shows who may vote, how many must, and when each vote came', async () => {
  const { world, eu, us, asked, instance, value } = await negotiating();
  const openedAt = new Date(world.clock.now()).toISOString();
  await eu.run(100);
  const heldAt = new Date(world.clock.now()).toISOString();
  const [prevote] = us.vote({ instance, step: 'prevote', round: 0, value, judgement: accept });
  if (!prevote) throw new Error('a turn with a vote has a signed vote');
  us.say('eu', { votes: [prevote] });
  await eu.run(100);
  // Gossip repeats: what counts is the first time.
  us.say('eu', { votes: [structuredClone(prevote)] });
  await eu.run();
  const view = await eu.view(asked.proposalId);
  expect(view).toMatchObject({ status: 'negotiating', members, quorum: 2, decidedAt: null });
  expect(view.openedAt).toBe(openedAt);
  expect(voteOf(view, 'eu', 'candidate')?.at).toBe(openedAt);
  expect(voteOf(view, 'us', 'prevote')?.at).toBe(heldAt);
});

test('a decision keeps when it was opened, voted on and decided over a restart', async () => {
  const { world, eu, asked } = await decided();
  const view = await eu.view(asked.proposalId);
  expect(view.status).toBe('pending-approval');
  const held = voteOf(view, 'us', 'prevote')?.at ?? '';
  expect(Date.parse(held) - Date.parse(view.openedAt)).toBe(100);
  expect(Date.parse(view.decidedAt ?? '') - Date.parse(view.openedAt)).toBe(200);
  world.clock.advance(60_000);
  const again = await world.start(await eu.crash());
  const { votes, openedAt, decidedAt, updatedAt } = await again.view(asked.proposalId);
  expect({ votes, openedAt, decidedAt, updatedAt }).toEqual({
    votes: view.votes,
    openedAt: view.openedAt,
    decidedAt: view.decidedAt,
    updatedAt: view.updatedAt,
  });
});

test('votes stored without times have none', async () => {
  const { world, eu, asked } = await decided();
  const key = `votes/${target}@${asked.version}`;
  const stored = JSON.parse(fromUtf8((await eu.store.get(key)) ?? utf8('[]')));
  const bare = stored.map(({ vote }: { vote: unknown }) => vote);
  await eu.store.commit([{ put: key, value: utf8(JSON.stringify(bare)) }]);
  const again = await world.start(await eu.crash());
  const { votes } = await again.view(asked.proposalId);
  expect(votes.length).toBeGreaterThan(3);
  expect(votes.every(({ at }) => at === null)).toBe(true);
});

test('who signed two values for one slot is named, with the time', async () => {
  const { world, eu, us, asked, instance, value } = await negotiating();
  await eu.run(100);
  const caughtAt = new Date(world.clock.now()).toISOString();
  for (const said of [value, abortValue]) {
    us.say('eu', { votes: [...us.vote({ instance, step: 'precommit', round: 0, value: said })] });
  }
  await eu.run();
  const { equivocations } = await eu.view(asked.proposalId);
  expect(equivocations).toMatchObject([{ region: 'us', at: caughtAt }]);
  const again = await world.start(await eu.crash());
  expect((await again.view(asked.proposalId)).equivocations).toEqual(equivocations);
});

test('entries of a tenant come in order, in pages that join, and no others', async () => {
  const { eu } = await decided();
  const { size } = eu.node.auditHead();
  const all = await eu.node.entries('shop', 0, 1000);
  expect(all.next).toBe(size);
  expect(all.items.length).toBeGreaterThan(4);
  expect(all.items.every(({ tenant }) => tenant === 'shop')).toBe(true);
  const seqs = all.items.map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  const paged: number[] = [];
  for (let from = 0; from < size; ) {
    const page = await eu.node.entries('shop', from, 2);
    paged.push(...page.items.map(({ seq }) => seq));
    expect(page.next).toBeGreaterThan(from);
    from = page.next;
  }
  expect(paged).toEqual(seqs);
  expect(await eu.node.entries('bank', 0, 9)).toEqual({ items: [], next: size });
});

/** A list as ids, in pages of one. */
async function listed(eu: Running, filter = {}): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = { limit: 1, ...(cursor !== null && { cursor }) };
    const { items, next } = await eu.node.proposals('shop', page, filter);
    ids.push(...items.map(({ proposalId }) => proposalId));
    if (next === null) return ids;
    cursor = next;
  }
}

test('decisions are found by status and target, in the same order after a restart', async () => {
  const world = new RegionWorld();
  const eu = await world.start();
  const web = await eu.propose(6);
  const db = await eu.propose(5, 'shop/db');
  await eu.approve(web.proposalId);
  expect(await listed(eu)).toEqual([db.proposalId, web.proposalId]);
  expect(await listed(eu, { status: 'enacted' })).toEqual([web.proposalId]);
  expect(await listed(eu, { status: 'enacted', target: 'shop/db' })).toEqual([]);
  expect((await eu.node.pending('shop')).map(({ proposalId }) => proposalId)).toEqual([
    db.proposalId,
  ]);
  expect(await eu.node.pending('bank')).toEqual([]);
  const again = await world.start(await eu.crash());
  expect(await listed(again)).toEqual([db.proposalId, web.proposalId]);
});

function digest(us: Member, heads: readonly object[], unready?: string): void {
  const said = { heads, stops: [], open: [], ...(unready && { unready }) };
  us.send('eu', { type: 'digest/1', signatureRule, ...said });
}

test('a member is ready only while it is heard, and lags by what it does not name', async () => {
  const { eu, us, instance } = await decided();
  const memberOf = (id: string) => eu.node.members().members.find((one) => one.id === id);
  expect(eu.node.members()).toMatchObject({ federation, epoch: 1, quorum: 2 });
  expect(memberOf('eu')).toMatchObject({ state: 'ready', lag: 0 });
  expect(memberOf('ap')).toMatchObject({ state: 'unreachable', lag: null, lastSeen: null });
  digest(us, []);
  await eu.run();
  expect(memberOf('us')).toMatchObject({ state: 'ready', lag: 1 });
  digest(us, [{ target: instance.target, version: instance.version }]);
  await eu.run();
  expect(memberOf('us')).toMatchObject({ state: 'ready', lag: 0, reason: '' });
  digest(us, [{ target: instance.target, version: versionOf(1, 9) }], 'asking its peers');
  await eu.run();
  expect(memberOf('us')).toMatchObject({ state: 'degraded', lag: 0, reason: 'asking its peers' });
  await eu.run(60_000);
  expect(memberOf('us')).toMatchObject({ state: 'unreachable' });
});

test('a region that may not vote says so to the others', async () => {
  const { world, eu, us } = await negotiating();
  await eu.run(2000);
  const newest = () => us.heard.findLast((message) => message.type === 'digest/1');
  expect(newest()).toMatchObject({ from: 'eu' });
  expect(newest()).not.toHaveProperty('unready');
  await world.start(await eu.crash());
  expect(newest()).toMatchObject({ unready: expect.stringContaining('asking peers') });
});

test('what is remembered for the gateway is there after a crash', async () => {
  const world = new RegionWorld();
  const eu = await world.start();
  await eu.node.remember('answer/1', utf8('said'), world.clock.now() + 1000);
  const again = await world.start(await eu.crash());
  expect(await again.node.recall('answer/1')).toEqual(utf8('said'));
  world.clock.advance(1000);
  expect(await again.node.recall('answer/1')).toBeNull();
});
