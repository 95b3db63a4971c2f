/** What keeps a region from starting: each is one refusal by the key that is wrong. */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '#fabric/open.ts';
import { type Config, readConfig } from '#regions/config.ts';
import { natsConfigs, readFederationFile } from '#regions/federation-file.ts';
import { type InitOptions, initFederation } from '#regions/init-federation.ts';
import { openRegion } from '#regions/region-process.ts';

let parent = '';
const folder = () => join(parent, 'fed');
const options = (): InitOptions => ({
  folder: folder(),
  federation: 'north',
  faultModel: 'crash',
  regions: ['eu', 'us', 'ap'],
  tenants: ['acme'],
  services: ['checkout', 'catalog'],
  replay: null,
  fabric: 'nats',
  hosts: null,
  firstPort: 20_000,
  natsServers: 3,
});

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'quorate-init-'));
  await initFederation(options());
});
afterAll(() => rmSync(parent, { recursive: true }));

function configOf(region: string, flags: Readonly<Record<string, unknown>> = {}): Config {
  const home = join(folder(), region);
  const text = readFileSync(join(home, 'config.yaml'), 'utf8');
  const file = { name: 'config.yaml', text, folder: home };
  return readConfig({ flags, environment: {}, file, readText: () => undefined }).config;
}

function refusal(config: Config): Promise<unknown> {
  return openRegion(config, createLog({ level: 'silent' })).then(
    () => 'it started',
    (error: unknown) => error,
  );
}

test('every secret is a file that its owner alone can read', () => {
  const names = readdirSync(folder(), { recursive: true, encoding: 'utf8' });
  const secrets = names.filter((name) => /\.pem$|\.nk$|\.conf$|routes$/.test(name));
  // Three keys a region and its nkey, two approvers, three servers, their password.
  expect(secrets.length).toBe(3 * 4 + 2 + 3 + 1);
  for (const name of secrets) expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600);
});

test('each server gives each region its own subjects and the others the way to it', async () => {
  const configs = await natsConfigs(folder(), await readFederationFile(folder()));
  expect([...configs.keys()]).toEqual(['nats-1', 'nats-2', 'nats-3']);
  for (const [name, text] of configs) {
    for (const region of ['eu', 'us', 'ap']) {
      expect(text).toContain(`publish: { allow: ["quorate.north.${region}.>"`);
    }
    expect(text.match(/nats-route:/g)).toHaveLength(2);
    expect(readFileSync(join(folder(), 'nats', `${name}.conf`), 'utf8')).toBe(text);
  }
});

test('a folder with anything in it is left alone', async () => {
  await expect(initFederation(options())).rejects.toMatchObject({ code: 'config' });
});

test.each([
  [{ region: 'antarctica' }, 'region'],
  [{ federation: 'south' }, 'federation'],
  [{ 'fabric.kind': 'memory' }, 'fabric.kind'],
  [{ genesis: '/nowhere/genesis.json' }, '/nowhere/genesis.json'],
  [
    { 'telemetry.replay': join(import.meta.dirname, '../../sim/datasets/demo') },
    'telemetry.replay',
  ],
])('a region is not started with %j', async (flags, field) => {
  expect(await refusal(configOf('eu', flags))).toMatchObject({ code: 'config', field });
});

test('keys of another region are refused, and missing ones are not made', async () => {
  const dataDir = join(parent, 'stolen');
  cpSync(join(folder(), 'us', 'data'), dataDir, { recursive: true });
  const missing = await refusal(configOf('eu', { dataDir }));
  expect(missing).toMatchObject({ code: 'config' });
  const keys = join(dataDir, 'regions', 'us', 'keys');
  cpSync(keys, join(dataDir, 'regions', 'eu', 'keys'), { recursive: true });
  const foreign = await refusal(configOf('eu', { dataDir }));
  expect(foreign).toMatchObject({ code: 'config', field: 'dataDir' });
});

test('a genesis that its members did not sign as it is is refused', async () => {
  const genesis = join(parent, 'changed.json');
  const text = readFileSync(join(folder(), 'genesis.json'), 'utf8');
  writeFileSync(
    genesis,
    text.replace('"previousAcceptedSeconds":0', '"previousAcceptedSeconds":9'),
  );
  const code = 'verification-failed';
  expect(await refusal(configOf('eu', { genesis }))).toMatchObject({ code, field: genesis });
});

test('a data folder belongs to its federation, whatever another one is called', async () => {
  const other = join(parent, 'other');
  await initFederation({ ...options(), folder: other });
  const genesis = join(other, 'genesis.json');
  const strange = await refusal(configOf('eu', { genesis }));
  expect(strange).toMatchObject({ code: 'config' });
  expect(String(strange)).toContain('belongs to another federation');
});
