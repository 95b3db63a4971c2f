/**
 * Writes docs/images/<screen>-<width>.png for every screen of the console: `npm run screenshots`.
 *
 * The demo runs at its usual pace to an hour of trouble and rests there, so that there is
 * something to see: a counter-proposal, decisions that wait for people, receipts, services at risk.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IncidentView } from '#regions/node.ts';
import {
  type Browser,
  launchBrowser,
  type Scheme,
  screens,
  type Width,
  widths,
} from '#test/support/chromium.ts';
import { loginScreen, type Screen, screensOf } from '#test/support/console-screens.ts';
import { bringCookie } from '#test/support/console-visits.ts';
import { type Demo, startDemo } from '#test/support/federation.ts';
import { writeShortRecording } from '#test/support/recording.ts';
import { openTab, type Tab } from '#test/support/tab.ts';
import { withPalette } from './png.ts';

/** Event time: catalog is critical in one region, checkout was scaled a few times. */
const restsAt = Date.parse('2026-01-18T02:00:00Z');
const folder = join(import.meta.dirname, 'images');

/** Which screen is dark and which is light: both are looked at, and neither is the second one. */
const lightScreens: ReadonlySet<string> = new Set(['login', 'decision', 'risk', 'audit', 'system']);

interface Scene {
  readonly demo: Demo;
  readonly screens: readonly Screen[];
}

/** A demo at rest: nothing moves any more but clocks. */
async function setScene(series: string): Promise<Scene> {
  await writeShortRecording(series, restsAt);
  const manifest = await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const demo = await startDemo({}, { datasetDir: series, speed: null, version });
  await demo.federation.settled();
  const { region } = demo;
  const [tenant = ''] = region.tenants();
  const { items: proposals } = await region.proposals(tenant, { limit: 100 });
  const { items: incidents } = await region.incidents(tenant, { limit: 100 });
  // The one with most to see: regions that disagreed, and something that was done.
  const [decision] = proposals
    .filter(({ status }) => status === 'enacted')
    .toSorted((a, b) => b.votes.length - a.votes.length);
  const [incident] = incidents.toSorted((a, b) => weightOf(b) - weightOf(a));
  if (!decision || !incident) throw new Error('the demo enacted nothing; run it again');
  const shown = { decision: decision.proposalId, incident: incident.incidentId };
  return { demo, screens: screensOf(shown) };
}

/** What is open and led to decisions has most to show. */
function weightOf({ state, proposals, signals }: IncidentView): number {
  return (state === 'open' ? 100 : 0) + 10 * proposals.length + signals.length;
}

async function main(): Promise<void> {
  const browser = await launchBrowser();
  const parent = await mkdtemp(join(tmpdir(), 'quorate-pictures-'));
  const { demo, screens: all } = await setScene(join(parent, 'demo'));
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await takeLogin(browser, demo);
    for (const screen of all) await take(browser, demo, screen);
    process.stdout.write(`${(await readdir(folder)).length} pictures in docs/images/\n`);
  } finally {
    await browser.close();
    await demo.close();
    await rm(parent, { recursive: true });
  }
}

async function takeLogin(browser: Browser, { gateway }: Demo): Promise<void> {
  for (const width of widths) {
    const tab = await openTab(browser, optionsOf(loginScreen, width));
    await tab.page.goto(gateway.url);
    await keep(tab, loginScreen, width);
  }
}

async function take(browser: Browser, demo: Demo, { name, fragment }: Screen): Promise<void> {
  for (const width of widths) {
    const tab = await openTab(browser, optionsOf(name, width));
    await bringCookie(tab, demo, { tenants: tenantsFor(name, demo) });
    await tab.page.goto(`${demo.gateway.url}/${fragment}`);
    await keep(tab, name, width);
  }
}

/** Decisions wait in the tenant where nothing happens without a person. */
function tenantsFor(name: string, { region }: Demo): readonly string[] {
  const tenants = region.tenants();
  return name === 'approvals' ? tenants.toReversed() : tenants;
}

function optionsOf(name: string, width: Width) {
  const colorScheme: Scheme = lightScreens.has(name) ? 'light' : 'dark';
  return { colorScheme, viewport: screens[width] };
}

async function keep(tab: Tab, name: string, width: Width): Promise<void> {
  await tab.page.getByRole('heading', { level: 1 }).waitFor();
  await tab.settle();
  const png = await tab.page.screenshot();
  await writeFile(join(folder, `${name}-${width}.png`), withPalette(png));
  await tab.close();
}

await main();
