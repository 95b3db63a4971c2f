import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endingOf } from '#gateway/cli/exit.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { found } from '#regions/founding.ts';
import { genesisOf } from '#test/support/region.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-founding-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const digest = `sha256:${'1'.repeat(64)}`;

/** How the start of a federation on the folder ends. */
async function lineAfter(written: Uint8Array): Promise<string | null> {
  writeFileSync(join(folder, 'genesis.json'), written);
  const config = { federation: 'acme', faultModel: 'crash' } as const;
  const dataset = { name: 'mine', tenants: [] };
  try {
    await found({ config, dataset, ports: [], folder });
    return 'it is read';
  } catch (error) {
    return endingOf(error).line;
  }
}

test('a folder of an older version is refused in one line that says how to go on', async () => {
  const { policy, roster, ...genesis } = genesisOf(['eu']);
  // Before rows had salts, a person was listed once with all tenants.
  const approvers = [{ id: 'ann', publicKey: '1'.repeat(64), roles: ['approver'], tenants: [] }];
  const tenants = policy.tenants.map(({ salt: _salt, ...row }) => row);
  const older = {
    ...genesis,
    policy: { ...policy, tenants },
    roster: { ...roster, approvers, stopKeys: [] },
  };
  const line = await lineAfter(canonicalBytes({ dataset: digest, genesis: older, playbooks: [] }));
  expect(line).toMatch(/^quorate: .*another version of quorate; use --fresh or another --data-dir/);
  expect(line).toContain(join(folder, 'genesis.json'));
  expect(line).not.toContain('\n');
});

test('a folder of this version is read, and known by its series', async () => {
  const genesis = genesisOf(['eu']);
  const line = await lineAfter(canonicalBytes({ dataset: digest, genesis, playbooks: [] }));
  expect(line).toContain('begun with other series');
});

test('a genesis that is no JSON is damaged', async () => {
  expect(await lineAfter(Uint8Array.of(0x7b))).toContain('is damaged');
});
