/**
 * The list of decisions when there are thousands: every row is the right one after most of them
 * were scrolled past. How fast that went is printed; a shared machine decides no test.
 */
import { afterAll, beforeAll, expect } from 'vitest';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import { askAs } from '#test/support/asking.ts';
import { browserTests } from '#test/support/browser.ts';
import { browserProgram } from '#test/support/chromium.ts';
import {
  openDecisions,
  quantile,
  type Seen,
  scrollDown,
  seenRows,
} from '#test/support/decision-list.ts';
import type { Demo } from '#test/support/federation.ts';
import { manyTenant, startManyDecisions } from '#test/support/many-decisions.ts';
import { isInstalled, isThorough } from '#test/support/require.ts';

const inBrowser = browserTests();
/** Signing ten thousand takes most of a minute. */
const decisions = isThorough ? 10_000 : 2000;
let demo: Demo;
/** Ids, newest first. */
let expected: readonly string[];

beforeAll(async () => {
  if (!isInstalled(browserProgram)) return;
  demo = await startManyDecisions(decisions, { 'limits.requestsPerMinuteMax': 100_000 });
  expected = await everyId();
}, 120_000);

afterAll(async () => {
  await demo?.close();
});

async function everyId(): Promise<readonly string[]> {
  const alice = askAs(demo.gateway.url, await demo.token(manyTenant, 'alice', ['viewer']));
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await alice.get<{ items: ProposalWire[]; next: string | null }>(
      `/proposals?limit=200${query}`,
    );
    ids.push(...page.items.map(({ proposal_id: id }) => id));
    cursor = page.next;
  }
  return ids;
}

/** The rows fill the list without a gap, and each is the decision of its place. */
function expectRight({ rows, height }: Seen): void {
  const [first] = rows;
  if (!first) throw new Error('no row is to be seen');
  expect(rows.map(({ id }) => id)).toEqual(
    expected.slice(first.place - 1, first.place - 1 + rows.length),
  );
  expect(first.top).toBeLessThanOrEqual(0);
  expect(rows.at(-1)?.bottom).toBeGreaterThanOrEqual(height - 1);
  for (const [index, { top }] of rows.entries()) {
    if (index > 0) expect(Math.abs(top - (rows[index - 1]?.bottom ?? 0))).toBeLessThan(1);
  }
}

inBrowser(
  'thousands of decisions scroll by, and every row is the right one',
  async ({ open }) => {
    expect(expected).toHaveLength(decisions);
    const tab = await open();
    const openMs = await openDecisions(tab, demo, manyTenant);
    await tab.settle();
    expectRight(await seenRows(tab.page));
    const frames: number[] = [];
    for (const share of [0.2, 0.3, 0.4]) {
      const rows = decisions * share;
      frames.push(...(await scrollDown(tab.page, { rows, pxPerFrame: 300 })).frames);
      await tab.settle();
      const seen = await seenRows(tab.page);
      expectRight(seen);
      expect(seen.rows[0]?.place).toBeGreaterThan(rows);
    }
    const p99 = quantile(frames, 0.99);
    process.stderr.write(
      `${decisions} decisions: rows after ${Math.round(openMs)} ms, ` +
        `p99 frame ${p99} ms over ${frames.length} frames\n`,
    );
  },
  90_000,
);
