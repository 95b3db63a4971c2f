/**
 * The list of decisions in a browser: how soon it is there, how smoothly it scrolls, and what a
 * person sees in it.
 */
import type { Page } from './chromium.ts';
import { bringCookie } from './console-visits.ts';
import type { Demo } from './federation.ts';
import type { Tab } from './tab.ts';

export interface Row {
  /** From 1, in the whole list. */
  readonly place: number;
  readonly id: string;
  /** Pixels from the top edge of the list. */
  readonly top: number;
  readonly bottom: number;
}

export interface Seen {
  /** Rows of which anything can be seen, from the top. */
  readonly rows: readonly Row[];
  readonly height: number;
}

export interface ScrollOptions {
  readonly rows: number;
  readonly pxPerFrame: number;
}

export interface Scrolled {
  /** Milliseconds from frame to frame. */
  readonly frames: readonly number[];
  /** What the page's own thread spent in script, style and layout, milliseconds a frame. */
  readonly scriptMs: number;
  readonly styleMs: number;
  readonly layoutMs: number;
  /** The list was longer than what had been read: frames spent waiting for more. */
  readonly starved: number;
}

const list = '[role="list"][aria-label^="Decisions"]';
/** A frame in a thousand may be lost; a list that stands still has come to its end. */
const standstillFramesMax = 300;

const noteFirstRows = `const look = () => {
  if (document.querySelector('${list} [role="listitem"] a')) window.firstRowsMs = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);`;

/** Opens the page in a tab that has loaded nothing yet. Milliseconds until rows were drawn. */
export async function openDecisions(tab: Tab, demo: Demo, tenant: string): Promise<number> {
  const { page } = tab;
  await bringCookie(tab, demo, { tenants: [tenant] });
  await page.addInitScript(noteFirstRows);
  await page.goto(`${demo.gateway.url}/#/decisions`);
  const noted = await page.waitForFunction(() => Reflect.get(window, 'firstRowsMs') as number);
  return noted.jsonValue();
}

/** Scrolls down, a step a frame, as far as so many rows. */
export async function scrollDown(page: Page, options: ScrollOptions): Promise<Scrolled> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const of = (name: string) => (metrics.find((one) => one.name === name)?.value ?? 0) * 1000;
    return [of('ScriptDuration'), of('RecalcStyleDuration'), of('LayoutDuration')] as const;
  };
  const before = await spent();
  const { frames, starved } = await page.evaluate(scrollInPage, {
    ...options,
    list,
    standstillFramesMax,
  });
  const after = await spent();
  await session.detach();
  const [scriptMs = 0, styleMs = 0, layoutMs = 0] = after.map((total, index) =>
    Number(((total - (before[index] ?? 0)) / frames.length).toFixed(2)),
  );
  return { frames, scriptMs, styleMs, layoutMs, starved };
}

/** Runs in the page. */
function scrollInPage(order: ScrollOptions & { list: string; standstillFramesMax: number }) {
  const scroller = document.querySelector(order.list);
  if (!scroller) throw new Error('there is no list');
  const rowPx = document.querySelector(`${order.list} [role="listitem"]`)?.clientHeight ?? 1;
  const target = scroller.scrollTop + order.rows * rowPx;
  const frames: number[] = [];
  let starved = 0;
  let last: number | null = null;
  let still = 0;
  return new Promise<{ frames: number[]; starved: number }>((resolve) => {
    const step = (now: number) => {
      if (last !== null) frames.push(now - last);
      last = now;
      const from = scroller.scrollTop;
      scroller.scrollTop = from + order.pxPerFrame;
      const stands = scroller.scrollTop - from < 1;
      still = stands ? still + 1 : 0;
      starved += Number(stands);
      const isDone = scroller.scrollTop >= target || still > order.standstillFramesMax;
      if (isDone) resolve({ frames, starved });
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
}

export function seenRows(page: Page): Promise<Seen> {
  return page.evaluate((selector) => {
    const scroller = document.querySelector(selector);
    if (!scroller) throw new Error('there is no list');
    const frame = scroller.getBoundingClientRect();
    const rows = [...scroller.querySelectorAll('[role="listitem"]')].map((item) => {
      const { top, bottom } = item.getBoundingClientRect();
      const link = item.querySelector('a')?.getAttribute('href') ?? '';
      return {
        place: Number(item.getAttribute('aria-posinset')),
        id: link.split('/').at(-1) ?? '',
        top: top - frame.top,
        bottom: bottom - frame.top,
      };
    });
    const height = frame.height;
    const seen = rows.filter(({ top, bottom }) => bottom > 0 && top < height);
    return { height, rows: seen.toSorted((a, b) => a.top - b.top) };
  }, list);
}

/** The value that so large a share of the values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return Math.round(found * 10) / 10;
}
