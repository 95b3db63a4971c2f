import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { QuorateError } from '#protocols/errors.ts';
import { configFields, readConfig } from '#regions/config.ts';
import type { ConfigSources } from '#regions/config-sources.ts';
import { envExample } from '#regions/env-example.ts';

function read(sources: Partial<ConfigSources> = {}, files: Record<string, string> = {}) {
  return readConfig({ flags: {}, environment: {}, readText: (path) => files[path], ...sources });
}

function yaml(text: string): Pick<ConfigSources, 'file'> {
  return { file: { name: 'quorate.yaml', text } };
}

function refusalOf(run: () => unknown): QuorateError {
  try {
    run();
  } catch (error) {
    if (error instanceof QuorateError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('without any source the defaults hold', () => {
  const { config, warnings, unused } = read();
  expect(config).toMatchObject({ mode: 'simulation', host: '127.0.0.1', port: 8080 });
  expect(config.limits.pageDefault).toBeLessThanOrEqual(config.limits.pageMax);
  expect([...warnings, ...unused]).toEqual([]);
});

test('the configuration is frozen, lists and limits included', () => {
  const { config } = read();
  expect([config, config.limits, config.regions, config.fabric.nats].every(Object.isFrozen)).toBe(
    true,
  );
});

test('flags win over the environment, that over the file, that over the defaults', () => {
  const file = yaml('port: 1\nhost: file\nlogLevel: debug\n');
  const { config } = read({
    ...file,
    environment: { PORT: '2', HOST: 'environment' },
    flags: { port: '3' },
  });
  expect(config).toMatchObject({ port: 3, host: 'environment', logLevel: 'debug' });
  expect(config.dataDir).toBe('./var');
});

test('any two sources of one key are settled by their order', () => {
  const port = fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined });
  fc.assert(
    fc.property(port, port, port, (flag, variable, inFile) => {
      const { config } = read({
        flags: { port: flag },
        environment: { QUORATE_PORT: variable?.toString() },
        ...(inFile === undefined ? {} : yaml(`port: ${inFile}`)),
      });
      expect(config.port).toBe(flag ?? variable ?? inFile ?? 8080);
    }),
    { numRuns: 100 },
  );
});

test('an unknown key is refused by name, whatever it is', () => {
  const known = new Set(configFields.flatMap(({ key }) => [key, key.split('.')[0] ?? '']));
  const unknown = fc.stringMatching(/^[a-z][a-zA-Z]{0,20}$/).filter((key) => !known.has(key));
  fc.assert(
    fc.property(unknown, (key) => {
      const variable = `QUORATE_${key.toUpperCase()}_X`;
      expect(refusalOf(() => read(yaml(`${key}: 1`)))).toMatchObject({
        code: 'config',
        field: key,
      });
      expect(refusalOf(() => read({ flags: { [key]: '1' } })).field).toBe(key);
      const fromVariable = refusalOf(() => read({ environment: { [variable]: '1' } }));
      expect(fromVariable.field).toBe(variable);
    }),
    { numRuns: 100 },
  );
});

test('a key in another spelling is refused with the right one', () => {
  const refusal = refusalOf(() => read(yaml('data-dir: x')));
  expect(refusal.message).toContain('did you mean dataDir?');
});

test('limits are keys of their group, in the file and in the environment', () => {
  const { config } = read({
    ...yaml('limits:\n  pageMax: 100\n'),
    environment: { QUORATE_LIMITS_PAGE_DEFAULT: '10' },
  });
  expect(config.limits).toMatchObject({ pageMax: 100, pageDefault: 10 });
  expect(refusalOf(() => read(yaml('limits: 3'))).field).toBe('limits');
  expect(refusalOf(() => read(yaml('limits:\n  pageMx: 1'))).field).toBe('limits.pageMx');
});

test.each([
  ['PORT', 'abc', 'port'],
  ['PORT', '65536', 'port'],
  ['PORT', '80.5', 'port'],
  ['PORT', ' 80', 'port'],
  ['LOG_LEVEL', 'INFO', 'logLevel'],
  ['SIMULATION_MODE', 'maybe', 'mode'],
  ['PHASE_I4_DECISION_TIMEOUT_MS', '5', 'decisionTimeoutMs'],
  ['QUORATE_REGIONS', 'eu-west,,x', 'regions'],
  ['QUORATE_FEDERATION', 'Not A Name', 'federation'],
])('%s=%s is refused in one line that names the key', (variable, value, key) => {
  const refusal = refusalOf(() => read({ environment: { [variable]: value } }));
  expect(refusal).toMatchObject({ code: 'config', field: key });
  expect(refusal.message).toContain(key);
  expect(refusal.message).toContain('expected');
  expect(refusal.message).not.toContain('\n');
});

test('a text where the file needs a number is refused, not converted', () => {
  expect(refusalOf(() => read(yaml('port: "8080"'))).field).toBe('port');
});

test('a file that is not YAML is refused by its name', () => {
  expect(refusalOf(() => read(yaml('a: [1'))).field).toBe('quorate.yaml');
});

test.each([
  [{ ENV: 'production' }, 'production'],
  [{ SIMULATION_MODE: 'false' }, 'production'],
  [{ SIMULATION_MODE: 'true' }, 'simulation'],
  [{ ENV: '/etc/shrc' }, 'simulation'],
])('%o selects %s', (environment, mode) => {
  expect(read({ environment }).config.mode).toBe(mode);
});

test.each([
  [{ ENV: 'production', SIMULATION_MODE: 'true' }, 'mode'],
  [{ PORT: '1', QUORATE_PORT: '2' }, 'port'],
  [{ OPENAI_KEY: 'a', OPENAI_KEY_FILE: 'b' }, 'openaiKey'],
  [{ QUORATE_FAULT_MODEL: 'byzantine' }, 'faultModel'],
  [{ QUORATE_REGIONS: 'a,a' }, 'regions'],
  [{ QUORATE_LIMITS_PAGE_DEFAULT: '201' }, 'limits.pageDefault'],
  [{ JWKS: 'https://id.example/jwks' }, 'jwtIssuer'],
  [{ JWKS: 'https://id.example/jwks', JWT_ISSUER: 'x' }, 'jwtAudience'],
  [{ JWT_ISSUER: 'x', JWT_AUDIENCE: 'y' }, 'jwks'],
])('the contradiction %o is refused at %s', (environment, key) => {
  expect(refusalOf(() => read({ environment }, { b: 'x' })).field).toBe(key);
});

test.each([
  ['https://id.example/jwks', true],
  ['http://127.0.0.1:8443/jwks', true],
  ['http://localhost/jwks', true],
  ['keys.json', true],
  ['http://id.example/jwks', false],
  ['http://127.0.0.1.example/jwks', false],
  ['ftp://127.0.0.1/jwks', false],
  ['https://', false],
  ['missing.json', false],
  ['notes.txt', false],
])('the key set %s is accepted: %s', (jwks, isAccepted) => {
  const environment = { JWKS: jwks, JWT_ISSUER: 'x', JWT_AUDIENCE: 'y' };
  const files = { 'keys.json': '{"keys":[]}', 'notes.txt': 'no keys' };
  const run = () => read({ environment }, files);
  if (isAccepted) expect(run().config.jwks).toBe(jwks);
  else expect(refusalOf(run)).toMatchObject({ code: 'config', field: 'jwks' });
});

test('proxies are trusted by address only', () => {
  const proxies = (text: string) => read({ environment: { QUORATE_TRUSTED_PROXIES: text } });
  expect(proxies('10.0.0.0/8, ::1').config.trustedProxies).toEqual(['10.0.0.0/8', '::1']);
  for (const bad of ['proxy.example', '10.0.0.0/33', '10.0.0.1/', '1.2.3', '10.0.0.0/8/8']) {
    expect(refusalOf(() => proxies(bad)).field).toBe('trustedProxies');
  }
});

test('two variables that agree do not contradict each other', () => {
  expect(read({ environment: { PORT: '1', QUORATE_PORT: '1' } }).config.port).toBe(1);
});

test('a secret cannot be printed, only revealed', () => {
  const { config } = read({ environment: { OPENAI_KEY: 'sk-hidden' } });
  const printed = [inspect(config, { depth: 9 }), JSON.stringify(config), `${config.openaiKey}`];
  for (const text of printed) expect(text).not.toContain('sk-hidden');
  expect(config.openaiKey?.reveal()).toBe('sk-hidden');
});

test('a secret can come from a file, without its last line break', () => {
  const environment = { FEDERATION_TOKEN_FILE: '/run/token' };
  const { config } = read({ environment }, { '/run/token': 'abc\n' });
  expect(config.federationToken?.reveal()).toBe('abc');
  expect(refusalOf(() => read({ environment })).message).toContain('/run/token');
});

test('a bad secret is refused without repeating it', () => {
  const environment = { POSTGRES_DSN: 'mysql://user:hidden@host/db' };
  expect(refusalOf(() => read({ environment })).message).not.toContain('hidden');
});

test('a sqlite DSN is refused in so many words', () => {
  const refusal = refusalOf(() => read({ environment: { POSTGRES_DSN: 'sqlite:////tmp/x.db' } }));
  expect(refusal.field).toBe('postgresDsn');
  expect(refusal.message).toContain('sqlite is not supported');
});

test('an encrypted cosign key is refused with a hint', () => {
  const pem = '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n';
  const run = () => read({ environment: { COSIGN_KEY_PATH: 'cosign.key' } }, { 'cosign.key': pem });
  expect(refusalOf(run).message).toContain('openssl genpkey');
});

test('NATS_URL names the servers of the fabric', () => {
  const { config } = read({ environment: { NATS_URL: 'nats://a:4222, tls://b:4222' } });
  expect(config.fabric.nats.servers).toEqual(['nats://a:4222', 'tls://b:4222']);
  const other = { NATS_URL: 'nats://a:1', QUORATE_FABRIC_NATS_SERVERS: 'nats://b:1' };
  expect(refusalOf(() => read({ environment: other })).message).toContain('contradict');
});

test.each([
  ['fabric: { kind: nats }', 'fabric.nats.servers'],
  ['fabric: { kind: libp2p }', 'fabric.libp2p.listen'],
  ['fabric: { kind: carrier-pigeon }', 'fabric.kind'],
  ['fabric: { nats: { servers: [http://a] } }', 'fabric.nats.servers'],
  ['fabric: { nats: { certFile: a.pem } }', 'fabric.nats.keyFile'],
  ['fabric: { libp2p: { peers: [/ip4/1.2.3.4/tcp/1] } }', 'fabric.libp2p.peers'],
  ['fabric: { nats: { password: x } }', 'fabric.nats.password'],
])('half a fabric is refused by its key: %s', (text, key) => {
  expect(refusalOf(() => read(yaml(text)))).toMatchObject({ code: 'config', field: key });
});

test('paths in a file are relative to it, others to where we run', () => {
  const text = 'dataDir: ./data\nmockCluster: ../mock\ntelemetry: { replay: /series }\n';
  const file = { name: 'eu/config.yaml', text, folder: '/fed/eu' };
  const { config } = read({ file, flags: { genesis: 'g.json' } });
  expect(config).toMatchObject({
    dataDir: '/fed/eu/data',
    mockCluster: '/fed/mock',
    telemetry: { replay: '/series' },
    genesis: 'g.json',
  });
});

test('variables without a use are accepted and reported', () => {
  const environment = { QUANTUM_PROVIDER: 'x', VAULT_ADDR: 'https://vault', APPROVED: '1' };
  const { unused, warnings } = read({ environment });
  expect([...unused].sort()).toEqual(['QUANTUM_PROVIDER', 'VAULT_ADDR']);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('APPROVED is ignored');
});

// Goal: the example file cannot drift from the schema. Method: uncomment all of it and read it.
test('every line of the example file is a variable with its default', () => {
  const environment = Object.fromEntries(
    [...envExample().matchAll(/^# ([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  expect(Object.keys(environment)).toHaveLength(configFields.length);
  const { config } = read({ environment });
  expect(config).toEqual(read().config);
});
