import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { QuorateError } from '#protocols/errors.ts';
import { commonStart, loadDataset } from '#regions/dataset.ts';
import { replay } from '#test/support/replay-decisions.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-dataset-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const rows = 'timestamp,value\n2014-02-14 14:30:00,1\n';
function write(name: string, text = rows): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
function refusal(load: () => unknown): QuorateError {
  try {
    load();
  } catch (error) {
    if (error instanceof QuorateError) return error;
  }
  throw new Error('it was not refused');
}

const described = (file: string) => ({
  name: 'mine',
  tenants: [
    {
      id: 'acme',
      services: [
        {
          service: 'checkout',
          home: 'eu-west',
          series: [
            { region: 'eu-west', metric: 'cpu', kind: 'saturation', file, shiftTo: commonStart },
          ],
        },
      ],
    },
  ],
});

test('a folder that describes itself is loaded as it says, with absolute files', () => {
  const file = write('series/cpu.csv');
  write('dataset.json', JSON.stringify(described('series/cpu.csv')));
  expect(loadDataset(folder)).toEqual(described(file));
});

test('a described file that is missing is a configuration error that names it', () => {
  write('dataset.json', JSON.stringify(described('cpu.csv')));
  expect(refusal(() => loadDataset(folder))).toMatchObject({
    code: 'config',
    field: join(folder, 'cpu.csv'),
  });
});

test('a description that is not JSON or not of its shape is refused by name', () => {
  const path = write('dataset.json', '{"name": ');
  expect(refusal(() => loadDataset(folder))).toMatchObject({ code: 'invalid-input', field: path });
  write('dataset.json', JSON.stringify({ ...described('cpu.csv'), extra: 1 }));
  expect(refusal(() => loadDataset(folder))).toMatchObject({ code: 'invalid-input', field: path });
});

test('an instant that does not exist is refused', () => {
  write('cpu.csv');
  const text = JSON.stringify(described('cpu.csv')).replace(
    commonStart,
    '2026-13-45T00:00:00.000Z',
  );
  const path = write('dataset.json', text);
  expect(refusal(() => loadDataset(folder))).toMatchObject({ code: 'invalid-input', field: path });
});

test('an empty folder and no folder at all are configuration errors', () => {
  expect(refusal(() => loadDataset(folder))).toMatchObject({ code: 'config', field: folder });
  const missing = join(folder, 'nowhere');
  expect(refusal(() => loadDataset(missing))).toMatchObject({ code: 'config', field: missing });
});

test('paths of tenant, service and region say what the files feed', () => {
  write('acme/checkout/eu-west-latency.csv');
  write('acme/checkout/us-east-latency.csv');
  write('globex/search/ap-south.jsonl', '{"timestamp":"2014-02-14T14:30:00Z","value":1}\n');
  const { tenants } = loadDataset(folder);
  expect(tenants.map(({ id, services }) => [id, services.map(({ service }) => service)])).toEqual([
    ['acme', ['checkout']],
    ['globex', ['search']],
  ]);
  expect(tenants[0]?.services[0]).toMatchObject({
    home: 'eu-west',
    series: [
      { region: 'eu-west', kind: 'latency', shiftTo: commonStart },
      { region: 'us-east', kind: 'latency' },
    ],
  });
});

test('other files become services of three regions, tenants in turn, kinds by name', () => {
  const names = ['cpu_a', 'request_latency', 'network_in', 'disk_b', 'x_cpc_results', 'errors_5xx'];
  for (const name of names) write(`deep/${name}.csv`);
  const { tenants } = loadDataset(folder);
  const series = tenants.flatMap(({ services }) => services.flatMap((one) => one.series));
  expect(tenants.map(({ id }) => id)).toEqual(['acme', 'globex']);
  expect(series.map(({ region, metric, kind }) => [region, metric, kind])).toEqual([
    ['eu-west', 'cpu-a', 'saturation'],
    ['us-east', 'disk-b', 'saturation'],
    ['ap-south', 'errors-5xx', 'errors'],
    ['eu-west', 'network-in', 'traffic'],
    ['us-east', 'request-latency', 'latency'],
    ['ap-south', 'x-cpc-results', 'spend'],
  ]);
});

// Goal: --data on any other folder gives another, sane outcome. Method: the demo's own files
// without their description fall into other services and start together.
test('the same files without their description give other decisions', () => {
  const { tenants } = loadDataset('sim/datasets/demo/series');
  const decisions = replay(
    { name: 'other', tenants },
    { lagMs: 0, automatic: ['acme'] },
  ).decisions.map(({ target, what, outcome }) => `${target} ${what} ${outcome}`);
  const demo = replay(loadDataset('sim/datasets/demo'), { lagMs: 0, automatic: ['acme'] });
  expect(decisions.length).toBeGreaterThan(0);
  expect(decisions.length).toBeLessThan(40);
  expect(decisions).not.toEqual(
    demo.decisions.map(({ target, what, outcome }) => `${target} ${what} ${outcome}`),
  );
});
