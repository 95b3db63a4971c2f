/**
 * Tests in a real browser: skipped by name where Chromium is missing, failed with REQUIRE_ALL=1.
 *
 *   const inBrowser = browserTests();
 *   inBrowser('a link logs in', async ({ open }) => { const { page } = await open(); … });
 *
 * Every tab has cookies and storage of its own. A test fails when anything went wrong in one of
 * its tabs, even where nothing it looked at was wrong; see tab.ts.
 */
import { afterAll, beforeAll } from 'vitest';
import { type Browser, browserProgram, launchBrowser } from './chromium.ts';
import { requireConsoleBuild } from './console-build.ts';
import { isInstalled, needs } from './require.ts';
import { openTab, type Tab, type TabOptions } from './tab.ts';

export interface Desk {
  /** A new tab, which is closed when the test ends. */
  open(options?: TabOptions): Promise<Tab>;
}

export type BrowserTest = (name: string, body: (desk: Desk) => Promise<void>, ms?: number) => void;

const usualMs = 30_000;

/** One browser for a file of tests, started by the first one. */
export function browserTests(): BrowserTest {
  const run = needs(browserProgram);
  let browser: Promise<Browser> | null = null;
  beforeAll(() => {
    if (isInstalled(browserProgram)) requireConsoleBuild();
  });
  afterAll(async () => {
    await (await browser)?.close();
  });
  return (name, body, ms = usualMs) =>
    run(
      name,
      async () => {
        browser ??= launchBrowser();
        await withDesk(await browser, body);
      },
      ms,
    );
}

async function withDesk(browser: Browser, body: (desk: Desk) => Promise<void>): Promise<void> {
  const tabs: Tab[] = [];
  const open = async (options?: TabOptions) => {
    const tab = await openTab(browser, options);
    tabs.push(tab);
    return tab;
  };
  try {
    await body({ open });
  } catch (error) {
    const problems = tabs.flatMap((tab) => tab.problems);
    await Promise.allSettled(tabs.map((tab) => tab.close()));
    if (problems.length === 0) throw error;
    // What went wrong in the browser is most often why the test did.
    throw new Error(`${String(error)}\nin the browser:\n${problems.join('\n')}`, { cause: error });
  }
  for (const tab of tabs) await tab.close();
}
