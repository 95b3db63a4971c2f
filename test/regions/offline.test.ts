import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Ledger } from '#fabric/host/ledger.ts';
import { createMetrics, openLevelStore, systemClock } from '#fabric/open.ts';
import { utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { trustRootOf } from '#protocols/epochs/trust.ts';
import { isHeld, readTrustRoot, trustRootPath, verifyAuditLogs } from '#regions/offline.ts';
import { epochOf, federation } from '#test/support/federation-fixture.ts';
import { receiptOf } from '#test/support/receipt-fixture.ts';

const region = 'eu';
let dataDir: string;
let storeDir: string;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'quorate-offline-'));
  storeDir = join(dataDir, 'regions', region, 'store');
  const root = trustRootOf(epochOf(['ap', 'eu', 'us']));
  writeFileSync(trustRootPath(dataDir), JSON.stringify(root));
  await writeLog(3);
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function writeLog(entries: number): Promise<void> {
  const store = await openLevelStore({ folder: storeDir, identity: { federation, region } });
  const ledger = await Ledger.open({
    region,
    store,
    clock: systemClock,
    metrics: createMetrics(),
    fatal: (error) => {
      throw error;
    },
  });
  for (let n = 0; n < entries; n += 1) {
    const draft = { actor: 'agent:observer', tenant: 'acme', facts: { n }, digests: {} };
    await ledger.commit([{ step: 'signal', reason: `entry ${n}`, ...draft }], []);
  }
  await store.close();
}

function contents(): Record<string, string> {
  const names = readdirSync(storeDir).sort();
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(storeDir, name)).toString('base64')]),
  );
}

test('the log of a stopped data folder holds', async () => {
  const [report, ...others] = await verifyAuditLogs(dataDir);
  expect(report).toMatchObject({ region, ok: true, size: 3 });
  expect(others).toEqual([]);
});

// Goal: looking must not turn an unclean store into a clean one. Method: take the seal away, as
// a kill would; verify; compare every file.
test('verifying changes no byte of a store, sealed or not', async () => {
  for (const isSealed of [true, false]) {
    if (!isSealed) rmSync(join(storeDir, 'SEAL'));
    const before = contents();
    expect(await verifyAuditLogs(dataDir)).toMatchObject([{ ok: true, size: 3 }]);
    expect(contents()).toEqual(before);
  }
});

test('a changed byte in a sealed store is found, and the real folder is named', async () => {
  const name = readdirSync(storeDir).find((file) => file.endsWith('.log')) ?? '';
  const bytes = readFileSync(join(storeDir, name));
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  writeFileSync(join(storeDir, name), bytes);
  const [report] = await verifyAuditLogs(dataDir);
  expect(report?.ok).toBe(false);
  expect(report?.reason).toContain(name);
  expect(report?.reason).not.toContain('quorate-audit-');
});

test('a log that does not continue the head of a receipt is a fork', async () => {
  const folder = join(dataDir, 'receipts');
  mkdirSync(folder);
  writeFileSync(join(folder, 'one.json'), canonicalBytes(receiptOf().receipt));
  const [report] = await verifyAuditLogs(dataDir);
  expect(report).toMatchObject({ ok: false });
  expect(report?.reason).toContain('one.json');
});

test('a missing or damaged trust root is refused by its path', async () => {
  const path = trustRootPath(dataDir);
  writeFileSync(path, utf8('{"federation":"acme"}'));
  await expect(readTrustRoot(path)).rejects.toMatchObject({ code: 'config', field: path });
  rmSync(path);
  await expect(verifyAuditLogs(dataDir)).rejects.toMatchObject({ code: 'config', field: path });
});

test('a data folder is held while the process its pid file names runs', async () => {
  expect(await isHeld(dataDir)).toBe(false);
  const file = join(dataDir, 'quorate.pid');
  writeFileSync(file, `${process.ppid}\n`);
  expect(await isHeld(dataDir)).toBe(true);
  writeFileSync(file, '2147483646\n');
  expect(await isHeld(dataDir)).toBe(false);
});
