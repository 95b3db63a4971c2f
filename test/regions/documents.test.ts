import { expect, test } from 'vitest';
import { MemoryStore } from '#fabric/memory/store.ts';
import { fromUtf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { signEnvelope } from '#protocols/dsse.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { Caller } from '#regions/node.ts';
import { signerOf } from '#test/support/federation-fixture.ts';
import { testSigner } from '#test/support/keys.ts';
import { settle } from '#test/support/quiet.ts';
import { ann, bob, op, RegionWorld, type Running } from '#test/support/region.ts';

const verdict = { verdict: 'approve', reason: 'looked at it' } as const;

async function waiting(store?: MemoryStore) {
  const world = new RegionWorld();
  const region = await world.start(store);
  return { world, region, proposalId: (await region.propose()).proposalId };
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'done',
    (error: unknown) => (error as { code?: unknown }).code,
  );
}

/** The approval that the region would sign for the caller, for the test to change and sign. */
function approvalBy(region: Running, proposalId: string, changes: Partial<Approval>): Approval {
  const record = region.core.context.decisions.get(proposalId);
  if (!record?.dryRun || !record.manifest) throw new Error('it waits for approval');
  return {
    type: 'approval/1',
    federation: region.node.federation,
    instance: record.instance,
    decisionId: proposalId,
    manifest: record.value,
    preState: record.dryRun.document.preState,
    policyHash: record.manifest.policyHash,
    approver: 'ann',
    verdict: 'approve',
    reason: 'yes',
    mfa: false,
    at: '2026-01-05T12:00:00.000Z',
    expiresAt: '2026-01-05T12:20:00.000Z',
    nonce: '9'.repeat(64),
    ...changes,
  };
}

test('who says the same again is told so', async () => {
  const { region, proposalId } = await waiting();
  const { decisions } = region.core.context;
  const request = { proposalId, approver: 'bob', ...verdict };
  const answers = [region.node.approve(bob, request), region.node.approve(bob, request)];
  expect(await Promise.all(answers.map(codeOf))).toEqual(['done', 'conflict']);
  expect(decisions.get(proposalId)?.approvals).toHaveLength(1);
});

test('whoever put it forward may deny it but not approve it', async () => {
  const { region } = await waiting();
  const asked = await region.node.submit(ann, {
    target: 'shop/db',
    action: { kind: 'scale', replicas: 5 },
  });
  await region.run();
  const { proposalId } = asked;
  const own = { proposalId, approver: 'ann', reason: 'mine' };
  expect(await codeOf(region.node.approve(ann, { ...own, verdict: 'approve' }))).toBe('forbidden');
  expect(await codeOf(region.node.approve(ann, { ...own, verdict: 'deny' }))).toBe('done');
});

test('only the roster entitles, and only for oneself and the own tenant', async () => {
  const { region, proposalId } = await waiting();
  const banker: Caller = { ...ann, tenant: 'bank' };
  const as = (caller: Caller, approver: string) =>
    codeOf(region.node.approve(caller, { proposalId, approver, ...verdict }));
  expect(await as(op, 'op')).toBe('forbidden');
  expect(await as(op, 'ann')).toBe('forbidden');
  expect(await as(banker, 'ann')).toBe('not-found');
});

test('an approval must be bound to exactly this dry-run and this policy', async () => {
  const { region, proposalId } = await waiting();
  const prove = (changes: Partial<Approval>) => {
    const approval = approvalBy(region, proposalId, changes);
    const proof = signEnvelope('approval', canonicalBytes(approval), [testSigner('ann')]);
    return codeOf(region.node.approve(op, { proposalId, approver: 'ann', ...verdict, proof }));
  };
  const digest = `sha256:${'0'.repeat(64)}`;
  expect(await prove({ preState: digest })).toBe('conflict');
  expect(await prove({ manifest: digest })).toBe('conflict');
  expect(await prove({ policyHash: digest })).toBe('conflict');
  expect(await prove({ decisionId: '0'.repeat(64) })).toBe('conflict');
  expect(await prove({ expiresAt: '2026-01-05T11:59:59.000Z' })).toBe('gone');
  // A date that does not exist is no time to come.
  expect(await prove({ expiresAt: '2026-99-99T99:99:99.999Z' })).toBe('gone');
  expect(await prove({})).toBe('done');
});

// A receipt shows the envelope, and nobody can say whose a stranger's signature on it is.
test('an approval that a stranger has signed too is refused', async () => {
  const { region, proposalId } = await waiting();
  const bytes = canonicalBytes(approvalBy(region, proposalId, {}));
  const proof = signEnvelope('approval', bytes, [testSigner('ann'), testSigner('stranger')]);
  const request = { proposalId, approver: 'ann', ...verdict, proof };
  expect(await codeOf(region.node.approve(op, request))).toBe('forbidden');
});

test('nothing waits for a verdict any more once it has ended', async () => {
  const { region, proposalId } = await waiting();
  expect((await region.approve(proposalId)).status).toBe('enacted');
  const late = region.node.approve(bob, { proposalId, approver: 'bob', ...verdict });
  expect(await codeOf(late)).toBe('conflict');
});

/** A disk that syncs only when told to, one batch at a time. */
class HeldDisk {
  isHeld = false;
  /** Held from the batch on that writes such a key. */
  heldFrom: string | null = null;
  readonly #waiting: (() => void)[] = [];
  readonly store = new MemoryStore({
    sync: (record) => {
      const text = Buffer.from(record).toString('latin1');
      if (this.heldFrom !== null && text.includes(this.heldFrom)) this.isHeld = true;
      if (!this.isHeld) return Promise.resolve();
      return new Promise((resolve) => this.#waiting.push(resolve));
    },
  });

  async syncOne(): Promise<void> {
    this.#waiting.shift()?.();
    await settle();
  }

  async letGo(): Promise<void> {
    this.isHeld = false;
    this.heldFrom = null;
    for (let batch = 0; batch < 9; batch += 1) await this.syncOne();
  }
}

test('a verdict is acknowledged once it is on disk', async () => {
  const disk = new HeldDisk();
  const { region, proposalId } = await waiting(disk.store);
  disk.isHeld = true;
  const answers: string[] = [];
  const request = { proposalId, approver: 'bob', ...verdict };
  const first = region.node.approve(bob, request).then(() => answers.push('first'));
  const second = codeOf(region.node.approve(bob, request)).then(() => answers.push('second'));
  await settle();
  expect(answers).toEqual([]);
  await disk.letGo();
  await Promise.all([first, second]);
  expect(answers).toEqual(['first', 'second']);
});

// Goal: a denial that is in the log before the intent wins. Method: hold the disk when the
// decision has been released, let a denial begin its way, and only then let the release through.
test('a denial on its way to the disk counts before the act begins', async () => {
  const disk = new HeldDisk();
  const { region, proposalId } = await waiting(disk.store);
  const denial = approvalBy(region, proposalId, { approver: 'bob', verdict: 'deny' });
  const envelope = signEnvelope('approval', canonicalBytes(denial), [testSigner('bob')]);
  disk.heldFrom = `released/${proposalId}`;
  await region.node.approve(ann, { proposalId, approver: 'ann', ...verdict });
  await settle();
  const received = region.core.documents.receive(envelope);
  await settle();
  await disk.syncOne();
  await disk.letGo();
  await received;
  await region.run();
  const steps = await region.steps(proposalId);
  expect((await region.view(proposalId)).status).toBe('denied');
  expect(steps).not.toContain('intent');
});

test('what is known of a decision is told in the order it came about', async () => {
  const { region, proposalId } = await waiting();
  await region.approve(proposalId);
  const kinds = region.core.documents.of(proposalId).map(kindOf);
  expect(kinds).toEqual(['dry-run', 'approval', 'enactment']);
});

function kindOf({ payload }: Envelope): string {
  const { type } = JSON.parse(fromUtf8(Buffer.from(payload, 'base64'))) as { type: string };
  return type.slice(0, type.indexOf('/'));
}

// Goal: a region that missed the dry-run must not end up with an outcome that it cannot prove.
// Method: cut it off when the other decides; hand it certificate and outcome; then heal.
test('the outcome of an act waits for the dry-run it followed', async () => {
  const world = new RegionWorld({ members: ['ap', 'eu', 'us'] });
  const ap = world.join('ap');
  const eu = await world.start();
  const us = await world.start(new MemoryStore(), 'us');
  const known = us.core.context.decisions;
  eu.core.context.ledger.subscribe(({ step }) => {
    if (step === 'certificate') world.network.cut('eu', 'us');
  });
  const { proposalId, certificate, manifest } = await eu.propose();
  if (!certificate || !manifest) throw new Error('it was certified');
  ap.body('us', canonicalBytes(manifest), { certificates: [certificate] });
  await us.run();
  expect((await eu.approve(proposalId)).status).toBe('enacted');
  const enactment = eu.core.documents.of(proposalId).at(-1);
  if (!enactment) throw new Error('it was enacted');
  await us.core.documents.receive(enactment);
  expect(known.get(proposalId)).toMatchObject({ dryRun: null, enactment: null });
  world.network.heal('eu', 'us');
  await us.run(2500);
  await us.run(2500);
  expect((await us.view(proposalId)).status).toBe('enacted');
  expect(await us.steps(proposalId)).toEqual(expect.arrayContaining(['dry-run', 'approval']));
});

test('a dry-run or an outcome counts only from the region that executes', async () => {
  const { region, proposalId } = await waiting();
  const record = region.core.context.decisions.get(proposalId);
  const enactment = {
    type: 'enactment/1',
    federation: region.node.federation,
    instance: record?.instance,
    decisionId: proposalId,
    executor: 'eu',
    outcome: 'failed',
    reason: '',
    endedAt: '2026-01-05T12:00:00.000Z',
  };
  const forged = signEnvelope('enactment', canonicalBytes(enactment), [signerOf('us')]);
  await region.core.documents.receive(forged);
  expect((await region.view(proposalId)).status).toBe('pending-approval');
});
