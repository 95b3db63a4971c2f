/**
 * One browser tab of one person, and everything that went wrong in it: an error on the console,
 * an uncaught exception, a violation of the Content-Security-Policy, a refused or failed request.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from './chromium.ts';
import { usualContext } from './chromium.ts';

export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What went wrong so far, in words. */
  readonly problems: readonly string[];
  /** This is meant to happen: it is no problem. Matched against the words of a problem. */
  expectProblem(pattern: RegExp): void;
  /** Waits until what was asked for is answered and shown. */
  settle(): Promise<void>;
  /** Ends the tab; throws when something went wrong in it. */
  close(): Promise<void>;
}

export type TabOptions = Parameters<Browser['newContext']>[0];

/** How the console learns that this browser has no session: not a problem by itself. */
const usualAnswer = /^GET \/session was answered with 401$/;
/** A stream lasts until somebody leaves, and leaving cuts off what was being asked for. */
const cutOff = 'net::ERR_ABORTED';
const eventsPath = '/events';

/** Long before a test gives up, so that it says what it waited for. */
const waitMsMax = 8000;
const quietMs = 120;
const settledMsMax = 10_000;
const pollMs = 20;

const reportViolations = `addEventListener('securitypolicyviolation', (event) =>
  console.error('CSP violation: ' + event.violatedDirective + ' ' + event.blockedURI));`;

export async function openTab(browser: Browser, options: TabOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ ...usualContext, ...options });
  await context.addInitScript(reportViolations);
  context.setDefaultTimeout(waitMsMax);
  const page = await context.newPage();
  const watched = watch(page);
  return {
    page,
    context,
    get problems() {
      return watched.problems();
    },
    expectProblem: (pattern) => watched.expected.push(pattern),
    settle: () => settle(watched),
    close: async () => {
      const problems = watched.problems();
      await context.close();
      if (problems.length > 0) throw new Error(`in the browser:\n${problems.join('\n')}`);
    },
  };
}

interface Watched {
  readonly expected: RegExp[];
  problems(): readonly string[];
  /** How many requests wait for an answer, and since when nothing changed about that. */
  readonly traffic: { open: number; since: number };
}

function watch(page: Page): Watched {
  const found: string[] = [];
  const expected = [usualAnswer];
  const traffic = { open: 0, since: performance.now() };
  const count = (by: number) => (request: { url(): string }) => {
    if (pathOf(request.url()) === eventsPath) return;
    traffic.open += by;
    traffic.since = performance.now();
  };
  page.on('request', count(1));
  page.on('requestfinished', count(-1));
  page.on('requestfailed', count(-1));
  page.on('pageerror', (error) => found.push(`uncaught: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    // Said about every refused request; the answer itself says which one it was.
    if (message.text().startsWith('Failed to load resource')) return;
    if (message.type() === 'error') found.push(`console: ${message.text()}`);
  });
  page.on('response', (response) => {
    if (response.status() < 400) return;
    const method = response.request().method();
    found.push(`${method} ${pathOf(response.url())} was answered with ${response.status()}`);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? 'unknown';
    if (why === cutOff) return;
    found.push(`${request.method()} ${pathOf(request.url())} failed: ${why}`);
  });
  const problems = () => found.filter((one) => !expected.some((pattern) => pattern.test(one)));
  return { expected, traffic, problems };
}

function pathOf(url: string): string {
  return new URL(url).pathname;
}

async function settle({ traffic }: Watched): Promise<void> {
  // What a click or an address leads to is asked for in the next moment.
  traffic.since = performance.now();
  const until = performance.now() + settledMsMax;
  while (traffic.open > 0 || performance.now() - traffic.since < quietMs) {
    if (performance.now() > until) {
      throw new Error(`${traffic.open} requests were open after ${settledMsMax} ms`);
    }
    await pause(pollMs);
  }
}
