/**
 * Goal: ten thousand decisions are as easy to look at as ten. Method: page through all of them
 * over HTTP, from a store that was just opened.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import { verifyDocument } from '#protocols/verify-document.ts';
import { openVerifiers } from '#regions/offline.ts';
import type { Demo } from '#test/support/federation.ts';
import { manyTenant, startManyDecisions } from '#test/support/many-decisions.ts';
import { isThorough } from '#test/support/require.ts';

/** Writing ten thousand takes a while; a tenth shows the same of paging. */
const count = isThorough ? 10_000 : 1000;
const pageSize = 100;

let demo: Demo;
let bearer = '';

beforeAll(async () => {
  const begun = performance.now();
  demo = await startManyDecisions(count, { 'limits.requestsPerMinuteMax': 1_000_000 });
  bearer = `Bearer ${await demo.token(manyTenant, 'alice', ['viewer'])}`;
  report(`${count} decisions ready after ${Math.round(performance.now() - begun)} ms`);
}, 300_000);

afterAll(() => demo?.close());

async function get<T>(path: string): Promise<T> {
  const response = await fetch(`${demo.gateway.url}${path}`, {
    headers: { authorization: bearer },
  });
  expect([path, response.status]).toEqual([path, 200]);
  return (await response.json()) as T;
}

interface Page {
  readonly items: readonly ProposalWire[];
  readonly next: string | null;
}

/** Every page of a list, and how long each took. */
async function pagesOf(query: string): Promise<{ pages: readonly Page[]; ms: number[] }> {
  const pages: Page[] = [];
  const ms: number[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const begun = performance.now();
    const page: Page = await get(
      `/proposals?limit=${pageSize}${query}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    ms.push(performance.now() - begun);
    pages.push(page);
    cursor = page.next;
  }
  return { pages, ms };
}

test('pages show every decision once, newest first, each with its votes', async () => {
  const { pages, ms } = await pagesOf('');
  const items = pages.flatMap((page) => page.items);
  expect(items).toHaveLength(count);
  expect(new Set(items.map((item) => item.proposal_id)).size).toBe(count);
  const opened = items.map((item) => Date.parse(item.opened_at));
  expect(opened).toEqual(opened.toSorted((a, b) => b - a));
  for (const item of items) {
    expect(item.votes.length).toBeGreaterThanOrEqual(item.quorum);
    expect(item.votes.every((vote) => vote.at !== null)).toBe(true);
  }
  ms.sort((a, b) => a - b);
  const p95 = ms[Math.floor(ms.length * 0.95)] ?? 0;
  report(`GET /proposals?limit=${pageSize}: p95 ${p95.toFixed(1)} ms of ${ms.length} pages`);
});

test('filters find exactly what they ask for, over many pages', async () => {
  const aborted = await pagesOf('&status=aborted');
  const items = aborted.pages.flatMap((page) => page.items);
  expect(items.length).toBeGreaterThan(count / 10);
  expect(items.every((item) => item.status === 'aborted')).toBe(true);
  const [some] = items;
  const ofTarget = await pagesOf(`&target=${some?.target.split('/')[1]}`);
  const targets = new Set(ofTarget.pages.flatMap(({ items: all }) => all.map((one) => one.target)));
  expect([...targets]).toEqual([some?.target]);
});

test('the receipt of an old decision verifies offline', async () => {
  const { items } = await get<Page>('/proposals?limit=20&status=enacted');
  const [one] = items;
  const response = await fetch(`${demo.gateway.url}/audit/${one?.proposal_id}/proof`, {
    headers: { authorization: bearer },
  });
  const receipt = new Uint8Array(await response.arrayBuffer());
  const trust = { root: demo.federation.trustRoot, verifiers: openVerifiers() };
  expect(verifyDocument(receipt, trust)).toMatchObject({ ok: true });
});

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}
