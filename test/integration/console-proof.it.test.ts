/**
 * What a person checks in the browser instead of believing the gateway: a receipt part by part,
 * one that was tampered with, and a ballot in which a region stayed silent.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import type { Receipt } from '#protocols/messages/receipt.ts';
import { askAs } from '#test/support/asking.ts';
import { browserTests } from '#test/support/browser.ts';
import { browserProgram, type Page } from '#test/support/chromium.ts';
import { enter, visit } from '#test/support/console-visits.ts';
import { type Demo, startQuietDemo } from '#test/support/federation.ts';
import { isInstalled } from '#test/support/require.ts';

const inBrowser = browserTests();
const silent = 'ap-south';
let demo: Demo;
let decision: ProposalWire;

beforeAll(async () => {
  if (!isInstalled(browserProgram)) return;
  demo = await startQuietDemo({ regions: ['eu-west', 'us-east', silent] });
  await demo.federation.settled();
  await demo.federation.regions.find(({ id }) => id === silent)?.close();
  decision = await decide();
}, 60_000);

afterAll(async () => {
  await demo?.close();
});

/** Put forward by bob, certified by the two regions that are left, approved by alice, enacted. */
async function decide(): Promise<ProposalWire> {
  const { url } = demo.gateway;
  const bob = askAs(url, await demo.token('globex', 'bob', ['operator']));
  const alice = askAs(url, await demo.token('globex', 'alice', ['approver']));
  const action = { kind: 'scale', replicas: 5 };
  const manifest = { target: 'globex/web', action, rationale: 'bob expects a busy evening' };
  const { proposal_id: id } = await bob.post<ProposalWire>('/proposals', { manifest });
  await bob.reaches(id, 'pending-approval');
  await alice.post(`/approve/${id}`, { verdict: 'approve', reason: 'so do I' });
  const enacted = await bob.reaches(id, 'enacted');
  await demo.federation.settled();
  return enacted;
}

function receiptFile(): Promise<Buffer> {
  return readFile(join(demo.dataDir, 'receipts', `${decision.proposal_id}.json`));
}

/** Lets a file fall onto the page where it says so. */
async function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const data = await page.evaluateHandle(
    ({ name, base64 }) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], name));
      return transfer;
    },
    { name, base64: Buffer.from(bytes).toString('base64') },
  );
  await page.getByText('or drop it here').dispatchEvent('drop', { dataTransfer: data });
}

inBrowser(
  'the timeline has a lane for every region, and says which one was not heard',
  async ({ open }) => {
    const tab = await open();
    const { page } = tab;
    await enter(tab, demo, { tenants: ['globex'] });
    await visit(tab, `#/decisions/${decision.proposal_id}`);
    const lanes = page.getByRole('group', { name: /a lane a region/ });
    const text = (await lanes.textContent()) ?? '';
    for (const region of ['eu-west', 'us-east']) {
      expect(text).toMatch(new RegExp(`${region}[^-]*accepts it after [\\d.]+ m?s`));
    }
    expect(text).toMatch(new RegExp(`${silent}\\s+no vote before the certificate`));
    const words = await lanes
      .getByRole('button')
      .evaluateAll((marks) => marks.map((mark) => mark.getAttribute('aria-label') ?? ''));
    expect(words.filter((one) => one.startsWith(silent))).toEqual([]);
    const reasons = decision.votes.flatMap(({ reason }) => reason ?? []);
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(words.join('\n')).toContain(reason);

    await page.getByRole('button', { name: 'Table' }).click();
    const row = page.getByRole('row', { name: new RegExp(silent) });
    expect(await row.count()).toBe(1);
    expect(await row.textContent()).toMatch(/no vote (heard|before the certificate)/);
  },
);

inBrowser('every part of a receipt is recomputed in the browser and ticked', async ({ open }) => {
  const tab = await open();
  const { page } = tab;
  await enter(tab, demo, { tenants: ['globex'] });
  await visit(tab, `#/decisions/${decision.proposal_id}`);
  await page.getByRole('button', { name: 'Verify in this browser' }).click();
  await page.getByText('Verified here in').waitFor();
  const ticks = page.locator('.checks li');
  const parts = await ticks.allTextContents();
  expect(parts.map((part) => part.trim().split(/\s+/).at(-1))).toContain('certificate');
  expect(parts.length).toBeGreaterThanOrEqual(12);
  expect(await ticks.getByLabel('holds:').count()).toBe(parts.length);

  // The file that was downloaded, dropped onto the audit page, says the same.
  await visit(tab, '#/audit');
  await drop(page, 'receipt.json', await receiptFile());
  await page.getByText(`${parts.length} of ${parts.length} checks`).waitFor();
  await visit(tab, `#/audit/${decision.proposal_id}`);
  await page.getByText(`${parts.length} of ${parts.length} checks`).waitFor();
});

inBrowser(
  'a receipt that was tampered with is refused, and the field is named',
  async ({ open }) => {
    const tab = await open();
    const { page } = tab;
    await enter(tab, demo, { tenants: ['globex'] });
    await visit(tab, '#/audit');
    const receipt = JSON.parse((await receiptFile()).toString()) as Receipt;
    const { certificate } = receipt;
    const [first, second] = certificate.signatures;
    if (!first || !second) throw new Error('a quorum of three is two');
    // The proofs change places: both are real, and neither is of the region it is under.
    const swapped = [
      { ...first, proof: second.proof },
      { ...second, proof: first.proof },
    ];
    const forged = { ...receipt, certificate: { ...certificate, signatures: swapped } };
    await drop(page, 'forged.json', canonicalBytes(forged));
    const refusal = page.getByRole('alert');
    await refusal.waitFor();
    expect(await refusal.textContent()).toMatch(
      /does not hold at certificate: the signature does not verify/,
    );
    expect(await page.getByLabel('refused').count()).toBe(1);

    const renamed = (await receiptFile()).toString().replace('"so do I"', '"so does he"');
    await drop(page, 'renamed.json', Buffer.from(renamed));
    await page.getByText('renamed.json').waitFor();
    await page.getByText(/does not hold at approvals\.0|does not hold at entries/).waitFor();
  },
);
