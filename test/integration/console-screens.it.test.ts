/**
 * Every screen of the console, dark and light, on a desk and on a phone: whether a person can
 * read and reach everything, whatever they use to do so.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import { askAs } from '#test/support/asking.ts';
import { axeFindings } from '#test/support/axe.ts';
import { browserTests } from '#test/support/browser.ts';
import { browserProgram, type Page, type Scheme, screens } from '#test/support/chromium.ts';
import { type Screen, screenNames, screensOf } from '#test/support/console-screens.ts';
import { enter, visit } from '#test/support/console-visits.ts';
import { type Demo, startDemo } from '#test/support/federation.ts';
import { shortSpeed, writeShortRecording } from '#test/support/recording.ts';
import { isInstalled } from '#test/support/require.ts';

const inBrowser = browserTests();
const tenant = 'acme';
let parent: string;
let demo: Demo;
let all: readonly Screen[];

beforeAll(async () => {
  if (!isInstalled(browserProgram)) return;
  parent = mkdtempSync(join(tmpdir(), 'quorate-screens-'));
  await writeShortRecording(join(parent, 'short'));
  demo = await startDemo({}, { datasetDir: join(parent, 'short'), speed: shortSpeed });
  await demo.federation.settled();
  const bob = askAs(demo.gateway.url, await demo.token(tenant, 'bob', ['operator']));
  const action = { kind: 'scale', replicas: 5 };
  const manifest = { target: 'acme/catalog', action, rationale: 'bob expects a busy evening' };
  const { proposal_id: decision } = await bob.post<ProposalWire>('/proposals', { manifest });
  await bob.reaches(decision, 'pending-approval');
  const { items } = await demo.region.incidents(tenant, { limit: 1 });
  if (!items[0]) throw new Error('eu-west saw an incident of acme');
  all = screensOf({ decision, incident: items[0].incidentId });
}, 60_000);

afterAll(async () => {
  await demo?.close();
  if (parent) rmSync(parent, { recursive: true });
});

/** By how many pixels the page, or its part that scrolls, is wider than the screen. */
function overhang(page: Page): Promise<number> {
  return page.evaluate(() =>
    Math.max(
      ...[document.documentElement, ...document.querySelectorAll('main')].map(
        ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
      ),
    ),
  );
}

/** What is wrong with the page as it is now, on both screens. */
async function flawsOf(page: Page, name: string): Promise<readonly string[]> {
  const flaws: string[] = [];
  for (const screen of Object.values(screens)) {
    await page.setViewportSize(screen);
    const found = await axeFindings(page);
    const wide = await overhang(page);
    flaws.push(...found.map((one) => `${name} at ${screen.width}: ${one}`));
    if (wide > 0) flaws.push(`${name} at ${screen.width}: scrolls sideways by ${wide} px`);
  }
  return flaws;
}

for (const colorScheme of ['dark', 'light'] satisfies readonly Scheme[]) {
  inBrowser(
    `every ${colorScheme} screen keeps the rules of axe and fits the width`,
    async ({ open }) => {
      const tab = await open({ colorScheme });
      const { page } = tab;
      await page.goto(demo.gateway.url);
      await page.getByRole('heading', { level: 1 }).waitFor();
      const flaws = [...(await flawsOf(page, 'login'))];
      await enter(tab, demo, { tenants: [tenant, 'globex'] });
      const seen = ['login'];
      for (const { name, fragment } of all) {
        await visit(tab, fragment);
        flaws.push(...(await flawsOf(page, name)));
        seen.push(name);
      }
      expect(flaws).toEqual([]);
      expect(seen).toEqual(screenNames);
    },
    90_000,
  );
}

inBrowser(
  'what opens on a page keeps them too: a verdict, the keys, the menu of a phone',
  async ({ open }) => {
    const tab = await open();
    const { page } = tab;
    await enter(tab, demo, { tenants: [tenant, 'globex'] });
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByLabel('Why do you deny it?').waitFor();
    const flaws = [...(await flawsOf(page, 'verdict'))];
    await page.setViewportSize(screens[360]);
    await page.getByRole('button', { name: 'More' }).click();
    flaws.push(...(await flawsOf(page, 'menu')));
    await page.setViewportSize(screens[360]);
    await page.getByRole('button', { name: 'Keyboard help' }).click();
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    flaws.push(...(await flawsOf(page, 'keys')));
    expect(flaws).toEqual([]);
  },
  60_000,
);
