import { expect, test } from 'vitest';
import { putBallot } from '#fabric/host/instances.ts';
import { MemoryStore } from '#fabric/memory/store.ts';
import type { DurableBallot, UnsignedVote } from '#protocols/ballot/state.ts';
import { abortValue, nilValue, type ValueId } from '#protocols/ids.ts';
import type { PrevoteQuorum } from '#protocols/messages/ballot.ts';
import { accept } from '#test/support/ballot.ts';
import {
  BallotHosts,
  bodyFor,
  home,
  instance,
  members,
  other,
} from '#test/support/ballot-hosts.ts';
import { settle } from '#test/support/quiet.ts';

const a = bodyFor(instance, 'a');
const b = bodyFor(instance, 'b');

function candidacy(of = a) {
  return { instance, bytes: of.bytes, judgement: accept, counter: false };
}

function voteFor(
  step: UnsignedVote['step'],
  value: ValueId,
  more: Partial<UnsignedVote> = {},
): UnsignedVote {
  return { instance, step, round: 0, value, ...more };
}

test('a candidate is certified in every region, with its body', async () => {
  const world = new BallotHosts();
  const hosts = await Promise.all(members.map((member) => world.open(member)));
  for (const { host } of hosts) await host.start();
  await world.run();
  const [first] = hosts;
  expect(await first?.host.putForward(candidacy())).toEqual({ ok: true, value: a.value });
  await world.run(2000);
  for (const { decided, instances, failures } of hosts) {
    expect(failures).toEqual([]);
    expect(decided.map(({ certificate }) => certificate.value)).toEqual([a.value]);
    expect(await instances.body(a.value)).toEqual(a.bytes);
    expect(instances.headVersion(instance.target)).toBe(instance.version);
  }
});

test('nothing is sent before it is on disk', async () => {
  const world = new BallotHosts();
  let sync = () => {};
  const store = new MemoryStore({
    sync: () =>
      new Promise((resolve) => {
        sync = resolve;
      }),
  });
  const { host } = await world.open(home, store);
  const peer = world.join('us');
  await host.start();
  const answer = host.putForward(candidacy());
  await world.run(100);
  expect(peer.votes()).toEqual([]);
  sync();
  await answer;
  await world.run();
  expect(peer.votes().map(({ step }) => step)).toEqual(['candidate', 'proposal', 'prevote']);
});

test('a ballot closes with its epoch, and nothing more is signed in it', async () => {
  const world = new BallotHosts();
  const { host, store, failures } = await world.open(home);
  const peer = world.join('us');
  await host.start();
  await world.run();
  const answer = host.putForward(candidacy());
  await world.run();
  await answer;
  expect(host.openCount()).toBe(1);
  world.epoch = { ...world.epoch, epoch: 2 };
  peer.heard.length = 0;
  await world.run(10_000);
  expect(host.openCount()).toBe(0);
  expect(peer.votes()).toEqual([]);
  expect(failures).toEqual([]);
  const left: string[] = [];
  for await (const [key] of store.scan({ prefix: 'ballot/' })) left.push(key);
  expect(left).toEqual([]);
});

test('a member that puts nothing or ABORT forward leaves no trace and stops nobody', async () => {
  const world = new BallotHosts();
  const { host, ledger, failures, candidates } = await world.open(home);
  await host.start();
  const peer = world.join('us');
  for (const value of [nilValue, abortValue]) {
    peer.say(home, { votes: [...peer.vote(voteFor('candidate', value))] });
    await world.run();
  }
  expect([failures, candidates, ledger.head().size]).toEqual([[], [], 0]);
});

// Goal: ABORT is a value of every instance, so its prevotes must not be good for another one.
test('a quorum of prevotes counts only for the instance that its votes name', async () => {
  const world = new BallotHosts();
  const { host } = await world.open(home);
  await host.start();
  const [ap, us] = [world.join('ap'), world.join('us')];
  const elsewhere = voteFor('prevote', abortValue, { instance: other });
  const votes = [...ap.vote(elsewhere), ...us.vote(elsewhere)];
  us.say(home, { votes: [...us.vote(voteFor('candidate', a.value))] });
  us.say(home, { quorums: [{ instance, quorum: { round: 0, value: abortValue, votes } }] });
  await world.run();
  expect(host.ballot(instance)?.valid).toBeNull();
  us.say(home, { quorums: [{ instance: other, quorum: { round: 0, value: abortValue, votes } }] });
  await world.run();
  expect(host.ballot(other)?.valid?.value).toBe(abortValue);
});

test('a body is kept only when an open ballot names it', async () => {
  const world = new BallotHosts();
  const { host, instances } = await world.open(home);
  await host.start();
  const peer = world.join('us');
  // Beside a vote that the peer never signed.
  const forged = { ...peer.vote(voteFor('candidate', b.value))[0], member: 'ap' };
  peer.body(home, b.bytes, { votes: [forged as never] });
  peer.body(home, a.bytes, { votes: [...peer.vote(voteFor('candidate', a.value))] });
  await world.run();
  expect(await instances.body(b.value)).toBeUndefined();
  expect(await instances.body(a.value)).toEqual(a.bytes);
});

test('a peer that wants one body many times gets it once', async () => {
  const world = new BallotHosts();
  const { host } = await world.open(home);
  await host.start();
  const peer = world.join('us');
  await host.putForward(candidacy());
  await world.run();
  const before = peer.heard.length;
  peer.say(home, { wants: Array.from({ length: 9 }, () => a.value) });
  await world.run();
  const bodies = peer.heard.slice(before).flatMap((one) => ('bodies' in one ? one.bodies : []));
  expect(bodies).toHaveLength(1);
});

/** A region that had locked a value and then stopped without order. */
async function crashed(world: BallotHosts, durable: Partial<DurableBallot>): Promise<MemoryStore> {
  const store = new MemoryStore();
  const base = {
    instance,
    epoch: 1,
    tick: 0,
    round: 0,
    own: [],
    locked: null,
    lockQuorum: null,
    valid: null,
    judgements: [],
  };
  await store.commit([putBallot({ ...base, ...durable })]);
  world.clock.advance(1);
  return store.crash();
}

function quorumFor(value: ValueId, round: number): PrevoteQuorum {
  const signers = new BallotHosts();
  const votes = ['ap', 'us'].flatMap((member) =>
    signers.join(member).vote(voteFor('prevote', value, { round })),
  );
  return { round, value, votes };
}

// Goal: no vote from amnesia, whatever arrives while the peers are being asked. Method: the
// region holds a proof of b, so the first step of its ballot casts a prevote; hand it b's body.
test('a region that still asks for its own votes casts none', async () => {
  const world = new BallotHosts();
  const store = await crashed(world, { valid: quorumFor(b.value, 0) });
  const { host, instances } = await world.open(home, store);
  const peer = world.join('us');
  await host.start();
  await world.run();
  peer.body(home, b.bytes);
  peer.say(home, { votes: [...peer.vote(voteFor('prevote', b.value))] });
  await world.run(5000);
  expect(host.standing().voting).toBe(false);
  expect(peer.votes()).toEqual([]);
  expect(await instances.body(b.value)).toEqual(b.bytes);
});

// Goal: the lock that the store lost is learned from the peers before anything else can make the
// region vote. Method: answers and a message that moves it to round 2 arrive in one burst; the
// region is locked on a, and a peer proves b in round 1, so in round 2 it must prevote b.
test('what the peers answer is taken in before the region votes', async () => {
  const world = new BallotHosts();
  const signer = world.join(home);
  const lockQuorum = quorumFor(a.value, 0);
  const own = signer.vote(voteFor('prevote', a.value), voteFor('precommit', a.value));
  await signer.close();
  const locked = { round: 0, value: a.value };
  const store = await crashed(world, { own, locked, lockQuorum, valid: lockQuorum });
  const { host } = await world.open(home, store);
  const [ap, us] = [world.join('ap'), world.join('us')];
  await host.start();
  await world.run();
  const learned = [{ instance, quorum: quorumFor(b.value, 1) }];
  const later = ap.vote(voteFor('prevote', nilValue, { round: 2 }));
  ap.answerSlots(home);
  us.answerSlots(home, { quorums: learned });
  ap.say(home, { votes: [...later] });
  await world.run();
  ap.say(home, { votes: [...later] });
  await world.run();
  const prevotes = us.votes().filter(({ step, round }) => step === 'prevote' && round === 2);
  expect(prevotes.map(({ value }) => value)).toEqual([b.value]);
});

test('a region whose peers hold a newer vote of its own never votes again', async () => {
  const world = new BallotHosts();
  const store = await crashed(world, {});
  const lost = world.join(home);
  const votes = [...lost.vote(voteFor('precommit', a.value))];
  await lost.close();
  const { host } = await world.open(home, store);
  const [ap, us] = [world.join('ap'), world.join('us')];
  await host.start();
  await world.run();
  ap.answerSlots(home, { votes });
  us.answerSlots(home);
  await world.run(5000);
  expect(host.standing()).toMatchObject({ voting: false });
  expect(await host.putForward(candidacy())).toEqual({ ok: false, reason: 'busy' });
  expect(us.votes()).toEqual([]);
});

// An orderly stop while asking must not make the next start look clean.
test('whether it has to ask survives an orderly stop', async () => {
  const world = new BallotHosts();
  const store = await crashed(world, {});
  const { host } = await world.open(home, store);
  await host.start();
  await host.close();
  await store.close();
  const reopened = new MemoryStore({}, store.contents());
  expect(reopened.unclean).toBe(false);
  expect(await reopened.get('recovering')).toBeDefined();
});

test('a region that was stopped in order votes at once', async () => {
  const world = new BallotHosts();
  const { host } = await world.open(home);
  await host.start();
  await settle();
  expect(host.standing().voting).toBe(true);
});
