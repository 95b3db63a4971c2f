import { expect, test } from 'vitest';
import { nativeMlDsa44Verifier, nativeVerifier } from '#fabric/keys/verify.ts';
import { utf8 } from '#protocols/bytes.ts';
import { canonical, canonicalBytes } from '#protocols/canonical.ts';
import { portableVerifier } from '#protocols/ed25519-strict.ts';
import { epochDigest } from '#protocols/epochs/epoch.ts';
import { trustRootOf } from '#protocols/epochs/trust.ts';
import { versionOf } from '#protocols/ids.ts';
import type { AuditDraft } from '#protocols/messages/audit.ts';
import type { Receipt } from '#protocols/messages/receipt.ts';
import { portableMlDsa44Verifier } from '#protocols/ml-dsa-portable.ts';
import { verifyReceipt } from '#protocols/receipt.ts';
import { policyFor, rosterDigest, rosterFor } from '#protocols/redaction.ts';
import { epochOf, signEpoch } from '#test/support/federation-fixture.ts';
import {
  genesis,
  instance,
  manifest,
  members,
  policy,
  preState,
  type ReceiptParts,
  receiptOf,
  roster,
  signal,
} from '#test/support/receipt-fixture.ts';

const native = { verifier: nativeVerifier(), mlDsa44: nativeMlDsa44Verifier() };
const portable = { verifier: portableVerifier(), mlDsa44: portableMlDsa44Verifier() };

function verify(changes: Partial<ReceiptParts>, verifiers = native) {
  const { receipt, root } = receiptOf(changes);
  return verifyReceipt(canonicalBytes(receipt), root, verifiers);
}

test('a whole receipt holds, natively and portably, and lists what was checked', () => {
  const answer = verify({});
  expect(answer).toMatchObject({ ok: true });
  expect(answer.checked.every(({ ok }) => ok)).toBe(true);
  expect(answer.checked.map(({ what }) => what)).toEqual([
    'encoding',
    'epochs',
    'checkpoint',
    'entries',
    'certificate',
    'manifest',
    'roster and policy',
    'candidates',
    'signals and risk',
    'dry-run',
    'gate',
    'approvals',
    'enactment',
    'order of steps',
  ]);
  expect(verify({}, portable)).toMatchObject({ ok: true });
});

test('other spellings of the same receipt are refused as encoding', () => {
  const { receipt, root } = receiptOf();
  const text = canonical(receipt);
  const variants = [
    utf8(JSON.stringify(receipt, null, 1)),
    utf8(`${text}\n`),
    utf8(text.replace('"score":0.93', '"score":0.930')),
    utf8('{'),
    Uint8Array.of(0xff, 0xfe),
  ];
  for (const bytes of variants) {
    expect(verifyReceipt(bytes, root, native)).toMatchObject({ ok: false, field: 'encoding' });
  }
  const unknown = canonicalBytes({ ...receipt, risk: { ...receipt.risk, extra: 1 } });
  expect(verifyReceipt(unknown, root, native)).toMatchObject({ ok: false, field: 'risk.extra' });
});

test('another trust root refuses the receipt', () => {
  const { receipt } = receiptOf();
  const bytes = canonicalBytes(receipt);
  const foreign = trustRootOf(epochOf(members, { federation: 'other' }));
  expect(verifyReceipt(bytes, foreign, native)).toMatchObject({ field: 'federation' });
  const strangers = trustRootOf(epochOf(['aa', 'bb', 'cc']));
  expect(verifyReceipt(bytes, strangers, native)).toMatchObject({ field: 'region' });
});

test('a document left out although the log has it is missed by name', () => {
  const { receipt, root } = receiptOf();
  const cuts: readonly Partial<Receipt>[] = [
    { signals: [] },
    { risk: null },
    { manifest: null },
    { roster: null },
    { policy: null },
    { dryRun: null },
    { gate: null },
    { approvals: receipt.approvals.slice(1) },
    { enactment: null },
  ];
  for (const cut of cuts) {
    const answer = verifyReceipt(canonicalBytes({ ...receipt, ...cut }), root, native);
    expect(answer).toMatchObject({ ok: false, field: Object.keys(cut)[0] });
  }
});

test('an act needs every approval its gate asks for', () => {
  const late = { expiresAt: '2026-01-05T12:00:20.000Z' };
  const short: Partial<ReceiptParts>[] = [
    { approvals: [] },
    { approvals: [['ann', {}]] },
    {
      approvals: [
        ['bob', {}],
        ['cyd', {}],
      ],
    },
    {
      approvals: [
        ['ann', {}],
        ['ann', {}],
      ],
    },
    {
      approvals: [
        ['ann', {}],
        ['bob', late],
      ],
    },
    {
      approvals: [
        ['ann', {}],
        ['bob', { mfa: false }],
      ],
      manifest: { ...manifest, gate: { ...manifest.gate, mfa: true } },
    },
  ];
  for (const parts of short) {
    expect(verify(parts)).toMatchObject({ ok: false, field: 'approvals' });
  }
  expect(
    verify({
      approvals: [
        ['ann', {}],
        ['bob', {}],
        ['cyd', late],
      ],
    }),
  ).toMatchObject({ ok: true });
});

test('an approval counts only if it is bound to this decision and by who may give it', () => {
  const wrong: readonly (readonly [string, ReceiptParts['approvals'][number]])[] = [
    ['payload.federation', ['ann', { federation: 'other' }]],
    ['payload.decisionId', ['ann', { decisionId: '0'.repeat(64) }]],
    ['payload.instance', ['ann', { instance: { ...instance, version: versionOf(1, 5) } }]],
    ['payload.manifest', ['ann', { manifest: preState }]],
    ['payload.preState', ['ann', { preState: `sha256:${'0'.repeat(64)}` }]],
    ['payload.policyHash', ['ann', { policyHash: preState }]],
    ['payload.approver', ['eve', {}]],
    ['signatures', ['ann', {}, 'bob']],
    ['payload.nonce', ['ann', { nonce: '6'.repeat(64) }]],
  ];
  for (const [field, approval] of wrong) {
    const answer = verify({ approvals: [['bob', {}], approval] });
    expect(answer).toMatchObject({ ok: false, field: `approvals.1.${field}` });
  }
  const proposed = { ...manifest, proposer: 'ann' };
  expect(verify({ manifest: proposed })).toMatchObject({ field: 'approvals.0.payload.approver' });
  const asked = { ...manifest, submittedBy: 'bob' };
  expect(verify({ manifest: asked })).toMatchObject({ field: 'approvals.1.payload.approver' });
});

test('a member signs for a person in a crash federation only', () => {
  const approvals = [
    ['ann', {}, 'acme/eu'],
    ['bob', {}],
  ] as const;
  expect(verify({ approvals })).toMatchObject({ ok: true });
  const five = [...members, 'va', 'xa'];
  const signers = ['ap', 'eu', 'us', 'va'];
  const byzantine = epochOf(five, {
    faultModel: 'byzantine',
    roster: genesis.roster,
    policy: genesis.policy,
  });
  const changes = { epoch: byzantine, root: trustRootOf(byzantine) };
  expect(verify(changes)).toMatchObject({ ok: false, field: 'certificate.signatures' });
  expect(verify({ ...changes, signers })).toMatchObject({ ok: true });
  expect(verify({ ...changes, signers, approvals })).toMatchObject({
    ok: false,
    field: 'approvals.0.signatures',
  });
});

test('a denial before the intent forbids the act; a later one does not', () => {
  const approvals = [
    ['ann', {}],
    ['bob', {}],
    ['cyd', { verdict: 'deny' as const, preState: `sha256:${'0'.repeat(64)}` }],
  ] as const;
  expect(verify({ approvals })).toMatchObject({ ok: false, field: 'approvals.2' });
  const last = (drafts: readonly AuditDraft[]) => {
    const index = drafts.findLastIndex(({ step }) => step === 'approval');
    return [...drafts.toSpliced(index, 1), ...drafts.slice(index, index + 1)];
  };
  expect(verify({ approvals, arrange: last })).toMatchObject({ ok: true });
});

test('nothing is enacted after a failed dry-run, from another state or past its time', () => {
  const other = `sha256:${'0'.repeat(64)}`;
  expect(verify({ dryRun: { verdict: 'fail' } })).toMatchObject({ field: 'dryRun' });
  expect(verify({ enactment: { preState: other } })).toMatchObject({ field: 'enactment.preState' });
  expect(verify({ without: ['intent'] })).toMatchObject({ field: 'entries' });
  expect(verify({ dryRun: { executor: 'us' } })).toMatchObject({ field: 'dryRun.executor' });
  const expired = { ...manifest, notAfter: '2026-01-05T12:00:20.000Z' };
  expect(verify({ manifest: expired })).toMatchObject({ field: 'enactment' });
});

test('a rollback leads back to the state before', () => {
  const rolledBack = { outcome: 'rolled-back' as const };
  expect(verify({ enactment: { ...rolledBack, postState: preState } })).toMatchObject({ ok: true });
  expect(verify({ enactment: rolledBack })).toMatchObject({ field: 'enactment.postState' });
});

test('a decision that was not acted on needs no approvals', () => {
  const parts = {
    approvals: [],
    enactment: { outcome: 'expired' as const },
    without: ['released', 'intent', 'pre-state', 'applied', 'post-state'] as const,
  };
  expect(verify(parts)).toMatchObject({ ok: true });
});

test('a decision to do nothing has a receipt with its candidates and nothing after', () => {
  expect(verify({ isAbort: true })).toMatchObject({ ok: true });
  const { receipt, root } = receiptOf({ isAbort: true });
  const { manifest: body, dryRun, roster: people, policy: limits } = receiptOf().receipt;
  const more = [{ manifest: body }, { dryRun }, { roster: people }, { policy: limits }];
  for (const added of more) {
    const answer = verifyReceipt(canonicalBytes({ ...receipt, ...added }), root, native);
    expect(answer).toMatchObject({ ok: false, field: Object.keys(added)[0] });
  }
});

test('signals of another tenant or that no manifest names are refused', () => {
  const other = { ...signal, tenant: 'bank' };
  expect(verify({ signal: other })).toMatchObject({ field: 'signals.0.tenant' });
  const unnamed = { ...signal, signalId: '0'.repeat(64) };
  expect(verify({ signal: unnamed })).toMatchObject({ field: 'signals.0.signalId' });
});

test('steps out of order and entries of other decisions are refused', () => {
  const swap = (drafts: readonly AuditDraft[]) => {
    const index = drafts.findIndex(({ step }) => step === 'intent');
    const pair = drafts.slice(index, index + 2);
    return [...drafts.slice(0, index), ...pair.toReversed(), ...drafts.slice(index + 2)];
  };
  expect(verify({ arrange: swap })).toMatchObject({ field: 'entries.10.entry.step' });
  const append = (changes: Partial<AuditDraft>) => (drafts: readonly AuditDraft[]) => [
    ...drafts,
    ...drafts.slice(-1).map((draft) => ({ ...draft, ...changes })),
  ];
  const cases: readonly (readonly [string, Partial<AuditDraft>])[] = [
    ['tenant', { tenant: 'bank' }],
    ['target', { target: 'shop/api' }],
    ['version', { version: versionOf(1, 5) }],
    ['decisionId', { decisionId: '0'.repeat(64) }],
  ];
  for (const [field, changes] of cases) {
    const answer = verify({ arrange: append(changes) });
    expect(answer).toMatchObject({ ok: false, field: `entries.14.entry.${field}` });
  }
  const lost = append({ step: 'counter', decisionId: '0'.repeat(64), digests: {} });
  expect(verify({ arrange: lost })).toMatchObject({ ok: true });
});

test('a later epoch is reached from the root, and not without its step', () => {
  const second = epochOf(members, {
    epoch: 2,
    previous: epochDigest(genesis),
    roster: genesis.roster,
    policy: genesis.policy,
  });
  const step = signEpoch(second, ['ap', 'us']);
  expect(verify({ epochs: [step] })).toMatchObject({ ok: true });
  const unsigned = signEpoch(second, ['us']);
  expect(verify({ epochs: [unsigned] })).toMatchObject({ field: 'epochs.0.signatures' });
});

test('the rules shown are those that the manifest names', () => {
  const later = rosterFor({ ...roster, version: 2 }, 'shop');
  expect(verify({ roster: later })).toMatchObject({ ok: false, field: 'roster' });
  const looser = policyFor({ ...policy, actionsAllowed: ['restart'] }, 'shop');
  expect(verify({ policy: looser })).toMatchObject({ ok: false, field: 'policy' });
  const named = { ...manifest, rosterHash: rosterDigest(later) };
  expect(verify({ manifest: named, roster: later })).toMatchObject({ ok: true });
});

test('the rules shown are those of one tenant, all of its policy and nothing of others', () => {
  const { receipt } = receiptOf();
  expect(JSON.stringify([receipt.roster, receipt.policy])).not.toMatch(/bank|zoe/);
  expect(verify({ policy })).toMatchObject({ ok: false, field: 'policy.tenants.1' });
  expect(verify({ roster })).toMatchObject({ ok: false, field: 'roster.approvers.1' });
  const stops = { ...rosterFor(roster, 'shop'), stopKeys: roster.stopKeys };
  expect(verify({ roster: stops })).toMatchObject({ ok: false, field: 'roster.stopKeys.1' });
  const nothing = policyFor(policy, 'nobody');
  expect(verify({ policy: nothing })).toMatchObject({ ok: false, field: 'policy.tenants' });
  expect(verify({ roster: rosterFor(roster, 'nobody') })).toMatchObject({
    ok: false,
    field: 'approvals.0.payload.approver',
  });
});

test('who serves another tenant approves nothing here', () => {
  expect(verify({ approvals: [['zoe', {}]] })).toMatchObject({
    ok: false,
    field: 'approvals.0.payload.approver',
  });
});
