/**
 * The console in a real browser on the running program: who gets in, what a person sees of what
 * others do meanwhile, and what becomes of a verdict.
 */
import { beforeAll, expect } from 'vitest';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import { browserTests } from '#test/support/browser.ts';
import { browserProgram, type Page } from '#test/support/chromium.ts';
import { logIn, visit } from '#test/support/console-visits.ts';
import { type ConsoleWorld, openConsoleWorld } from '#test/support/console-world.ts';
import { isInstalled } from '#test/support/require.ts';

const inBrowser = browserTests();
let world: ConsoleWorld;

beforeAll(async () => {
  if (isInstalled(browserProgram)) world = await openConsoleWorld();
}, 60_000);

/** A decision in the list of all. */
function decisionRow(page: Page, id: string) {
  return page.getByRole('list', { name: 'Decisions, newest first' }).locator(`a[href*="${id}"]`);
}

/** Newest first. */
async function decisionsOf(tenant: string): Promise<readonly ProposalWire[]> {
  const bob = await world.bob(tenant);
  return (await bob.get<{ items: ProposalWire[] }>('/proposals?limit=100')).items;
}

/** Put forward from another machine; answers with the id. */
async function propose(target: string, action: object, rationale: string): Promise<string> {
  const bob = await world.bob(target.split('/')[0] ?? '');
  const manifest = { target, action, rationale };
  return (await bob.post<{ proposal_id: string }>('/proposals', { manifest })).proposal_id;
}

/** A mark that a reload, or another document, would wipe out. */
async function markDocument(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => Reflect.set(window, 'isMarked', true));
  return () => page.evaluate(() => Reflect.get(window, 'isMarked') === true);
}

inBrowser(
  'the printed link lets one browser in, and any other one is told what to do',
  async ({ open }) => {
    const first = await open();
    await logIn(first, world.printedLink);
    await first.page.getByText('alice', { exact: true }).waitFor();
    // The browser that is logged in keeps its session, whatever link it opens again.
    await first.page.goto(world.printedLink);
    await first.page.getByRole('heading', { level: 1, name: 'Approvals' }).waitFor();
    first.expectProblem(/^POST \/session was answered with 401$/);

    const second = await open();
    second.expectProblem(/^POST \/session was answered with 401$/);
    await second.page.goto(world.printedLink);
    const alert = second.page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/code/);
    expect(await second.page.locator('main').textContent()).toContain('npx quorate login');
    expect(await second.page.locator('nav').count()).toBe(0);
  },
);

inBrowser(
  'a decision that somebody else asks for appears, and is approved until enacted',
  async ({ open }) => {
    const tab = await open();
    const { page } = tab;
    await logIn(tab, await world.link('alice'));
    await visit(tab, '#/decisions');
    const isSameDocument = await markDocument(page);
    const action = { kind: 'scale', replicas: 5 };
    const id = await propose('acme/catalog', action, 'bob expects a busy evening');
    const row = decisionRow(page, id);
    await row.getByText('Waits for approval').waitFor();
    expect(await row.textContent()).toContain('acme/catalog');

    await page
      .getByRole('link', { name: /^Approvals/ })
      .first()
      .click();
    await page.locator(`a[data-key="${id}"]`).click();
    await page.getByText('bob expects a busy evening').first().waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    const form = page.locator('form');
    await form.getByRole('button', { name: 'Approve' }).click();
    await form.getByText('A reason is needed.').waitFor();
    await form.getByLabel('Why do you approve it?').fill('the forecast agrees');
    await form.getByRole('button', { name: 'Approve' }).click();
    await page.locator('article header').getByText('Enacted').first().waitFor();
    await page.getByText('the forecast agrees').waitFor();

    await visit(tab, '#/decisions');
    await decisionRow(page, id).getByText('Enacted').waitFor();
    expect(await isSameDocument()).toBe(true);
    const { approvals } = await (await world.bob('acme')).reaches(id, 'enacted');
    expect(approvals).toMatchObject([{ approver: 'alice', reason: 'the forecast agrees' }]);
  },
);

inBrowser(
  'what is denied is shown as denied, with the reason, and nothing is done',
  async ({ open }) => {
    const tab = await open();
    const { page } = tab;
    const id = await propose('globex/search', { kind: 'scale', replicas: 5 }, 'fast?');
    await (await world.bob('globex')).reaches(id, 'pending-approval');
    await logIn(tab, await world.link('alice', '--tenant', 'globex'));
    await visit(tab, `#/approvals?decision=${id}`);
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByLabel('Why do you deny it?').fill('it answers again');
    await page.locator('form').getByRole('button', { name: 'Deny' }).click();
    await page.locator('article header').getByText('Denied').first().waitFor();
    await page.getByText('it answers again', { exact: true }).waitFor();
    const denied = await (await world.bob('globex')).reaches(id, 'denied');
    expect(denied.executions).toMatchObject([{ outcome: 'denied', started_at: null }]);
  },
);

inBrowser(
  'with the keyboard alone a person logs in, approves and finds the decision',
  async ({ open }) => {
    const tab = await open();
    const { page } = tab;
    const [waiting] = (await decisionsOf('globex')).filter(
      ({ status }) => status === 'pending-approval',
    );
    const id = waiting?.proposal_id ?? '';
    await logIn(tab, await world.link('alice', '--tenant', 'globex'));
    // The first one is shown already: down and up again puts the focus on it.
    for (const key of ['j', 'k', 'Enter']) await page.keyboard.press(key);
    await page.getByRole('button', { name: 'Approve' }).waitFor();
    await page.keyboard.press('a');
    await page.getByLabel('Why do you approve it?').waitFor();
    await page.keyboard.type('typed, not clicked');
    await page.keyboard.press('Control+Enter');
    await page.locator('article header').getByText('Enacted').first().waitFor();

    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.getByRole('heading', { level: 1, name: 'Decisions' }).waitFor();
    await decisionRow(page, id).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 2, name: 'Votes' }).waitFor();
    expect(page.url()).toContain('#/decisions/');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'hidden' });
    expect((await (await world.bob('globex')).reaches(id, 'enacted')).approvals).toHaveLength(1);
  },
);

inBrowser(
  'another tenant shows nothing of the one before, and logging out shows nothing',
  async ({ open }) => {
    const tab = await open();
    const { page } = tab;
    // There is no risk before the first signal.
    tab.expectProblem(/^GET \/risk\/\w+ was answered with 404$/);
    const ids = async (tenant: string) =>
      (await decisionsOf(tenant)).map(({ proposal_id: id }) => id.slice(0, 8));
    const foreign = ['acme/', ...(await ids('acme'))];
    const own = await ids('globex');
    await logIn(tab, await world.link('alice'));
    await visit(tab, '#/decisions');
    expect(await page.content()).toContain('acme/');
    await page.getByLabel('Tenant').selectOption('globex');
    await page.getByText('globex/').first().waitFor();
    for (const name of ['approvals', 'decisions', 'incidents', 'risk', 'federation', 'audit']) {
      await visit(tab, `#/${name}`);
      const content = await page.content();
      expect({ name, leaked: foreign.filter((text) => content.includes(text)) }).toEqual({
        name,
        leaked: [],
      });
    }
    await visit(tab, '#/decisions');
    expect(await page.content()).toContain(own[0]);

    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { level: 1, name: 'Open a login link' }).waitFor();
    await page.goBack();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Open a login link' }).waitFor();
    expect(await page.content()).not.toContain('globex/');
    expect(await page.evaluate(() => ({ ...sessionStorage }))).toEqual({});
  },
);
