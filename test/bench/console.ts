/**
 * How the console feels with ten thousand decisions: how soon the page of decisions shows rows,
 * how long frames take while somebody scrolls through thousands of them, and how long the
 * gateway takes for a page of the list.
 */
import { launchBrowser, type Page } from '#test/support/chromium.ts';
import { openDecisions, quantile, scrollDown } from '#test/support/decision-list.ts';
import { manyTenant, startManyDecisions } from '#test/support/many-decisions.ts';
import { openTab } from '#test/support/tab.ts';

export interface ConsoleOptions {
  readonly decisions: number;
  readonly opens: number;
  readonly rows: number;
  readonly requests: number;
}

export const usualConsole: ConsoleOptions = {
  decisions: 10_000,
  opens: 10,
  rows: 5000,
  requests: 200,
};

/** About 180 rows a second: as fast as a hand can flick. */
const pxPerFrame = 120;
const raised = { 'limits.requestsPerMinuteMax': 1_000_000 };

export async function measureConsole(options: ConsoleOptions): Promise<object> {
  const { decisions, opens, rows, requests } = options;
  const demo = await startManyDecisions(decisions, raised);
  const browser = await launchBrowser();
  try {
    const opened: number[] = [];
    for (let index = 0; index < opens; index += 1) {
      const tab = await openTab(browser);
      opened.push(await openDecisions(tab, demo, manyTenant));
      await tab.close();
    }
    const tab = await openTab(browser);
    await openDecisions(tab, demo, manyTenant);
    const scroll = { rows, pxPerFrame, ...(await scrollFigures(tab.page, rows)) };
    const listOf100Ms = await listFigures(tab.page, requests);
    await tab.close();
    return {
      decisions,
      // Nothing in the browser's cache: the first time somebody opens it.
      openMs: { opens, median: quantile(opened, 0.5), max: quantile(opened, 1) },
      scroll,
      listOf100Ms,
    };
  } finally {
    await browser.close();
    await demo.close();
  }
}

async function scrollFigures(page: Page, rows: number) {
  const { frames, starved, ...spent } = await scrollDown(page, { rows, pxPerFrame });
  const frameMs = {
    median: quantile(frames, 0.5),
    p99: quantile(frames, 0.99),
    max: quantile(frames, 1),
  };
  return { frames: frames.length, starved, frameMs, perFrame: spent };
}

/** The first page again and again, then every page from the newest on, as the console asks. */
async function listFigures(page: Page, requests: number) {
  const first = await page.evaluate(askInPage, { requests, walks: false });
  const every = await page.evaluate(askInPage, { requests, walks: true });
  const figures = (took: readonly number[]) => ({
    median: quantile(took, 0.5),
    p95: quantile(took, 0.95),
    max: quantile(took, 1),
  });
  return { requests, first: figures(first), every: figures(every) };
}

/** Runs in the page, so that nothing of the client is paid by the gateway's process. */
async function askInPage(order: { requests: number; walks: boolean }): Promise<number[]> {
  const took: number[] = [];
  let cursor: string | null = null;
  for (let index = 0; index < order.requests; index += 1) {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const from = performance.now();
    const response = await fetch(`/proposals?limit=100${query}`);
    const text = await response.text();
    took.push(performance.now() - from);
    const { items, next } = JSON.parse(text) as { items: unknown[]; next: string | null };
    if (items.length === 0) throw new Error('a page was empty');
    if (order.walks) cursor = next;
  }
  return took;
}
