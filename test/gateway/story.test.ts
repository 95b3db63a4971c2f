/**
 * The story as a terminal shows it, from audit entries: wrapped, grouped by decision, told once.
 */
import { expect, test } from 'vitest';
import { createChapters } from '#gateway/cli/chapters.ts';
import { endedLines, keptLines } from '#gateway/cli/closing.ts';
import { pad, plural, wrap } from '#gateway/cli/layout.ts';
import { createNews } from '#gateway/cli/narrate.ts';
import { openingLines } from '#gateway/cli/opening.ts';
import type { Screen, Style } from '#gateway/cli/screen.ts';
import { decisionId } from '#protocols/ids.ts';
import type { AuditEntry, AuditStep } from '#protocols/messages/audit.ts';
import type { Gate, Manifest } from '#protocols/messages/manifest.ts';
import type { UpSummary } from '#regions/federation-types.ts';
import type { ProposalView } from '#regions/node.ts';
import { digest, manifestWith } from '#test/support/agents.ts';

const columns = 72;
const plain: Style = (_tone, text) => text;
const screen: Screen = {
  isTerminal: true,
  columns,
  style: plain,
  write: () => {},
  status: () => {},
};
const first = 4_294_967_297;

interface About {
  readonly target: string;
  readonly version: number;
  readonly id: string;
}

function about(target: string, version: number, value: string = digest): About {
  const instance = { tenant: target.split('/')[0] ?? '', target, version };
  return { target, version, id: decisionId('test', instance, value) };
}

function entry(
  step: AuditStep,
  { target, version, id }: About,
  said: Partial<AuditEntry> & { readonly region: string; readonly reason: string },
): AuditEntry {
  return {
    type: 'audit/1',
    seq: 0,
    at: '2026-11-21T00:10:00.000Z',
    step,
    actor: `region:${said.region}`,
    tenant: target.split('/')[0] ?? '',
    target,
    version,
    decisionId: id,
    facts: {},
    digests: {},
    ...said,
  };
}

function view(what: About, manifest: Partial<Manifest>): ProposalView {
  return {
    proposalId: what.id,
    tenant: what.target.split('/')[0] ?? '',
    target: what.target,
    version: what.version,
    status: 'negotiating',
    digest,
    manifest: manifestWith(manifest),
    openedAt: '2026-11-21T00:10:00.000Z',
    decidedAt: null,
    members: ['ap-south', 'eu-west', 'us-east'],
    quorum: 2,
    votes: [],
    equivocations: [],
    counters: [],
    certificate: null,
    dryRun: null,
    missing: null,
    expiresAt: null,
    approvals: [],
    enactment: null,
    updatedAt: '2026-11-21T00:10:00.000Z',
  };
}

const oneApprover: Gate = {
  approvals: [{ role: 'approver', count: 1 }],
  secondApprover: false,
  mfa: false,
  reasons: ['P3: not on the whitelist of L3'],
};
const decidable = { needs: '1 approver', names: ['alice', 'bob'], approve: '', deny: '' };

function signal(what: About, region: string, reason: string, at: string): AuditEntry {
  return entry('signal', what, { region, reason, facts: { at, score: 0.7 } });
}

function judged(what: About, region: string, verdict: string, reason: string): AuditEntry {
  return entry('judgement', what, { region, reason, facts: { verdict, round: 0 } });
}

type Step = readonly [AuditEntry, ProposalView | null];

/** A decision that waits, with one region outvoted. */
function waitingStory(): readonly Step[] {
  const it = about('globex/payments', first);
  const seen = view(it, {
    tenant: 'globex',
    rationale: 'payments: scale from 4 to 6 replicas, because the load is above normal',
    gate: oneApprover,
  });
  const certificate = { region: 'us-east', reason: 'certified by eu-west, us-east' };
  const waits = { region: 'us-east', reason: 'P3: not on the whitelist of L3' };
  const until = new Date(2026, 10, 21, 0, 40).toISOString();
  return [
    [signal(it, 'us-east', 'disk-write is 5.6 deviations above normal', '2026-01-06T04:20Z'), null],
    [
      signal(it, 'ap-south', 'key-events is 7.4 deviations above normal', '2026-01-06T04:35Z'),
      null,
    ],
    [entry('candidate', it, { region: 'us-east', reason: 'put forward' }), seen],
    [judged(it, 'us-east', 'accept', 'the load is above normal'), seen],
    [judged(it, 'ap-south', 'accept', 'key-events 7.4 deviations above normal'), seen],
    [judged(it, 'eu-west', 'reject', 'no anomaly of payments seen here in the last 6 h'), seen],
    [entry('certificate', it, { ...certificate, facts: { signers: 'eu-west, us-east' } }), seen],
    [entry('gate', it, { ...waits, facts: { waiting: true, expiresAt: until } }), seen],
  ];
}

/** A decision after a counter-proposal, carried out without a person. */
function counteredStory(): readonly Step[] {
  const [it, other] = [
    about('acme/checkout', first),
    about('acme/checkout', first, `sha256:${'b'.repeat(64)}`),
  ];
  const gate: Gate = { approvals: [], secondApprover: false, mfa: false, reasons: [] };
  const much = view(it, {
    rationale: 'checkout: scale from 9 to 13 replicas, because it is',
    gate,
  });
  const less = view(other, {
    rationale: 'checkout: scale from 9 to 11 replicas, because it is',
    action: { kind: 'scale', replicas: 11 },
    gate,
  });
  const done = { region: 'eu-west', reason: 'verified' };
  const facts = { outcome: 'enacted', executor: 'eu-west' };
  return [
    [entry('candidate', it, { region: 'eu-west', reason: 'put forward' }), much],
    [judged(it, 'ap-south', 'reject', 'the load seen here asks for 11 replicas, not 13'), much],
    [entry('counter', other, { region: 'ap-south', reason: 'put forward' }), less],
    [judged(it, 'ap-south', 'accept', 'checkout: scale from 9 to 11 replicas'), less],
    [
      entry('certificate', other, {
        region: 'eu-west',
        reason: 'certified',
        facts: { signers: 'ap-south, eu-west' },
      }),
      less,
    ],
    [entry('gate', other, { region: 'eu-west', reason: '', facts: { waiting: false } }), less],
    [entry('outcome', other, { ...done, facts }), less],
  ];
}

function told(steps: readonly Step[], style: Style = plain): readonly string[] {
  const chapters = createChapters({
    columns: () => columns,
    style,
    decidable: ({ proposalId }) => {
      const approve = `npx quorate approve ${proposalId.slice(0, 12)} --as alice`;
      return { ...decidable, approve };
    },
  });
  const isNews = createNews();
  return steps.flatMap(([one, of]) => (isNews(one) ? chapters.tell(one, of) : []));
}

test('a chapter tells who saw what, who wants what, who voted how, and what to do', async () => {
  const lines = told([...waitingStory(), ...counteredStory()]);
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../golden/story/chapters.txt');
  const isCommand = (line: string) => line.includes('npx quorate');
  for (const line of lines) if (!isCommand(line)) expect(line.length).toBeLessThanOrEqual(columns);
});

test('what every region hears is told once', () => {
  const steps = waitingStory();
  const twice = steps.flatMap(([one, of]): readonly Step[] => {
    return [
      [one, of],
      [{ ...one, region: one.region, seq: 7 }, of],
    ];
  });
  const once = told(steps);
  expect(told(twice.filter(([{ step }]) => step !== 'signal')).length).toBeLessThanOrEqual(
    once.length,
  );
  expect(told(twice).filter((line) => line.includes('Decided'))).toHaveLength(1);
  expect(told(twice).filter((line) => line.includes('disagrees'))).toHaveLength(1);
});

test('a decision that goes on after another one is told gets its heading again', () => {
  const [opening, ...rest] = waitingStory().slice(2);
  if (!opening) throw new Error('the story begins with a candidate');
  const lines = told([opening, ...counteredStory(), ...rest]);
  expect(lines.filter((line) => line.endsWith('globex/payments'))).toHaveLength(2);
});

test('reasons that quote terminal commands cannot use them', () => {
  const it = about('acme/checkout', first);
  const bad = judged(it, 'eu-west', 'reject', '\u001B[2Jgone \u001B]0;title\u0007\u001B[31mred');
  expect(told([[bad, null]]).join('\n')).not.toContain('\u001B');
});

test('a dead end is told as one: who signed that nothing is done', () => {
  const it = about('acme/catalog', first);
  const facts = { value: 'abort', signers: 'ap-south, eu-west' };
  const lines = told([[entry('certificate', it, { region: 'eu-west', reason: '', facts }), null]]);
  expect(lines.join(' ')).toContain('Decided: do nothing.');
  expect(lines.join(' ')).toContain('ap-south and eu-west signed that');
});

const summary: UpSummary = {
  regions: 3,
  tenants: 2,
  signals: 258,
  candidates: 11,
  counterProposals: 1,
  certificates: 9,
  aborted: 1,
  enacted: 6,
  rolledBack: 0,
  pendingApprovals: 1,
  firstDecisionMs: 900,
  auditHeads: {},
  receipts: ['var/receipts/a.json'],
  thisRun: {
    signals: 258,
    candidates: 11,
    counterProposals: 1,
    certificates: 9,
    aborted: 1,
    enacted: 6,
    rolledBack: 0,
    pendingApprovals: 1,
  },
};
const waiting = [
  {
    view: { ...view(about('globex/payments', first), { gate: oneApprover }), expiresAt: null },
    decidable: { ...decidable, approve: 'npx quorate approve 287f1deea939 --as alice' },
  },
];

test('beginning, second beginning, end and stop read well on a terminal', async () => {
  const opening = {
    version: '1.2.3',
    regions: ['eu-west', 'us-east', 'ap-south'],
    tenants: ['acme', 'globex'],
    quorum: 2,
    url: 'http://127.0.0.1:8080',
    login: { link: 'http://127.0.0.1:8080/#login=CODE', name: 'alice', minutes: 10 },
    resumed: null,
  };
  const replayFrom = Date.parse('2026-01-07T15:55Z');
  const resumed = { folder: 'var', counts: summary, waiting, replayFrom };
  const kept = { folder: 'var', flag: '', summary };
  const lines = [
    ...openingLines(opening, screen),
    '----',
    ...openingLines({ ...opening, resumed }, screen),
    '----',
    ...endedLines({ summary, waiting, folder: 'var', flag: '', staysUp: true }, screen),
    '----',
    ...endedLines({ summary, waiting: [], folder: 'var', flag: '', staysUp: false }, screen),
    '----',
    ...keptLines(kept, screen),
  ];
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../golden/story/around.txt');
});

test('lines break between words, hang behind their first one, and colours take no room', () => {
  const red = '\u001B[31mred\u001B[39m';
  expect(wrap(`${red} and blue and green`, { width: 10, first: 0, rest: 2 })).toEqual([
    `${red} and`,
    '  blue and',
    '  green',
  ]);
  expect(wrap('averyveryverylongword', { width: 10, first: 2, rest: 4 })).toEqual([
    '  averyveryverylongword',
  ]);
  expect(pad(red, 5)).toBe(`${red}  `);
  expect([plural(1, 'anomaly'), plural(2, 'anomaly'), plural(0, 'region')]).toEqual([
    '1 anomaly',
    '2 anomalies',
    '0 regions',
  ]);
});
