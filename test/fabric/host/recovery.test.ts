import { expect, test } from 'vitest';
import { Instances } from '#fabric/host/instances.ts';
import { Recovery } from '#fabric/host/recovery.ts';
import { nativeVerifier } from '#fabric/keys/verify.ts';
import { MemoryStore } from '#fabric/memory/store.ts';
import { MemoryNetwork } from '#fabric/memory/transport.ts';
import { fromUtf8 } from '#protocols/bytes.ts';
import { abortValue } from '#protocols/ids.ts';
import type { SlotsReply, SlotsRequest } from '#protocols/messages/fabric.ts';
import { instance } from '#test/support/ballot-hosts.ts';
import { certify, epochOf, federation, signVote } from '#test/support/federation-fixture.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { noLog } from '#test/support/quiet.ts';

const self = 'eu';

async function recovering(
  members: readonly string[],
  { unclean = true, store = new MemoryStore() } = {},
) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const transport = network.connect(self);
  const asked: SlotsRequest[] = [];
  const peer = network.connect('us');
  peer.onMessage((_from, bytes) => asked.push(JSON.parse(fromUtf8(bytes))));
  const { instances, open } = await Instances.open(store);
  const ready: (readonly SlotsReply[])[] = [];
  const recovery = new Recovery({
    federation,
    self,
    unclean,
    epoch: () => epochOf(members),
    clock,
    random: { bytes: (length) => new Uint8Array(length).fill(7) },
    transport,
    verifier: nativeVerifier(),
    instances,
    open,
    log: noLog,
    openBallots: () => new Map(),
    onReady: (learned) => ready.push(learned),
    fatal: (error) => {
      throw error;
    },
  });
  recovery.start();
  clock.advance(0);
  const reply = (from: string, more: Partial<SlotsReply> = {}) => {
    const nonce = asked.at(-1)?.nonce ?? '';
    const empty = { votes: [], quorums: [], certificates: [] };
    const head = { type: 'slots-reply/1', federation, epoch: 1, from } as const;
    recovery.onReply({ ...head, nonce, ...empty, ...more });
  };
  return { recovery, ready, asked, clock, reply };
}

const ours = { instance, step: 'precommit', round: 0, value: abortValue } as const;

test('after an orderly stop a region votes at once and asks nobody', async () => {
  const { recovery, ready, asked } = await recovering(['ap', 'eu', 'us'], { unclean: false });
  expect(recovery.standing().voting).toBe(true);
  expect([ready, asked]).toEqual([[[]], []]);
});

test('a region that is alone has nobody to ask', async () => {
  const { recovery, ready } = await recovering(['eu']);
  expect(recovery.standing().voting).toBe(true);
  expect(ready).toEqual([[]]);
});

test('after an unclean stop a quorum of others must answer', async () => {
  const { recovery, ready, reply } = await recovering(['ap', 'eu', 'us']);
  expect(recovery.standing().voting).toBe(false);
  reply('us');
  expect(recovery.standing().voting).toBe(false);
  reply('ap');
  expect(recovery.standing().voting).toBe(true);
  expect(ready).toHaveLength(1);
});

// A peer answers each question, for as long as another one is away.
test('a peer counts once, and only its newest answer is kept', async () => {
  const { recovery, ready, reply } = await recovering(['ap', 'eu', 'us']);
  const certificates = [certify(['ap', 'us'], { instance, value: abortValue })];
  for (let answers = 0; answers < 50; answers += 1) reply('us');
  reply('us', { certificates });
  expect(recovery.standing().voting).toBe(false);
  reply('ap');
  expect(ready[0]?.map(({ from }) => from)).toEqual(['us', 'ap']);
  expect(ready[0]?.[0]?.certificates).toEqual(certificates);
});

test('an answer to another question is not one', async () => {
  const { recovery, reply } = await recovering(['eu', 'us']);
  reply('us', { nonce: '0'.repeat(32) });
  expect(recovery.standing().voting).toBe(false);
});

test('it asks again until enough have answered, and then no more', async () => {
  const { asked, clock, reply } = await recovering(['eu', 'us']);
  clock.advance(1600);
  expect(asked).toHaveLength(4);
  reply('us');
  clock.advance(5000);
  expect(asked).toHaveLength(4);
});

test('a vote of its own that the store lacks silences it for good', async () => {
  const { recovery, ready, reply } = await recovering(['ap', 'eu', 'us']);
  reply('us', { votes: [signVote(self, ours)] });
  reply('ap');
  expect(recovery.standing().reason).toContain('precommit in round 0 of shop/web@');
  expect(ready).toEqual([]);
});

test('so does a certificate that it signed and does not have', async () => {
  const { recovery, reply } = await recovering(['ap', 'eu', 'us']);
  reply('us', { certificates: [certify(['eu', 'us'], { instance, value: abortValue })] });
  expect(recovery.standing().reason).toContain('precommit in round 0');
});

test('a vote that it never signed proves nothing', async () => {
  const { recovery, reply } = await recovering(['eu', 'us']);
  reply('us', { votes: [{ ...signVote('us', ours), member: self }] });
  expect(recovery.standing().voting).toBe(true);
});

test('a vote in an instance whose certificate it has is not news', async () => {
  const store = new MemoryStore();
  const { instances } = await Instances.open(store);
  await store.commit(instances.decide(certify(['ap', 'us'], { instance, value: abortValue })));
  const { recovery, reply } = await recovering(['eu', 'us'], { store });
  reply('us', { votes: [signVote(self, ours)] });
  expect(recovery.standing().voting).toBe(true);
});
