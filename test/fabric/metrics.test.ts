import { expect, test } from 'vitest';
import { createMetrics, metricsTable } from '#fabric/metrics.ts';
import { readSources } from '#test/support/source-files.ts';

test('counters, gauges and histograms are rendered with prefix, labels and help', async () => {
  const metrics = createMetrics({ prefix: 'acme_', labels: { region: 'eu' } });
  metrics.count('votes_total', { step: 'prevote' });
  metrics.count('votes_total', { step: 'prevote' }, 2);
  metrics.gauge('mailbox_depth', 5, { mailbox: 'ballots' });
  metrics.observe('rounds', 1);
  const text = await metrics.render();
  expect(text).toContain('# HELP acme_votes_total Votes signed by this region.');
  expect(text).toContain('acme_votes_total{step="prevote",region="eu"} 3');
  expect(text).toContain('acme_mailbox_depth{mailbox="ballots",region="eu"} 5');
  expect(text).toContain('acme_rounds_bucket{le="1",region="eu"} 1');
  expect(metrics.contentType).toContain('text/plain');
});

test('every declared metric is there from the start with its help', async () => {
  const text = await createMetrics().render();
  for (const [name, { help }] of Object.entries(metricsTable)) {
    expect(text).toContain(`# HELP quorate_${name} ${help}`);
  }
});

test('an undeclared name, kind or label is a bug', () => {
  const metrics = createMetrics();
  expect(() => metrics.count('surprises_total')).toThrow('declared counter');
  expect(() => metrics.gauge('votes_total', 1, { step: 'prevote' })).toThrow('declared gauge');
  expect(() => metrics.count('votes_total', { stage: 'x' })).toThrow('labels');
  expect(() => metrics.count('votes_total')).toThrow('labels');
});

test('two registries of one process do not share series', async () => {
  const [eu, us] = [createMetrics(), createMetrics()];
  eu.count('signals_total');
  expect(await eu.render()).toContain('quorate_signals_total 1');
  expect(await us.render()).toContain('quorate_signals_total 0');
});

test('series beyond the bound are counted under other', async () => {
  const metrics = createMetrics();
  for (let n = 0; n < 1000; n += 1) metrics.count('fabric_dropped_total', { reason: `r${n}` });
  const lines = (await metrics.render()).split('\n');
  const series = lines.filter((line) => line.startsWith('quorate_fabric_dropped_total{'));
  expect(series.length).toBe(201);
  expect(series).toContain('quorate_fabric_dropped_total{reason="other"} 800');
});

test('every metric that the code names is declared with its kind', () => {
  const kinds = { count: 'counter', gauge: 'gauge', observe: 'histogram' } as const;
  const declared: Readonly<Record<string, { readonly type: string }>> = metricsTable;
  const wrong = readSources()
    .filter(({ path }) => !path.startsWith('test/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/metrics\.(count|gauge|observe)\(\s*'(\w+)'/g)]
        .filter(([, call, name = '']) => declared[name]?.type !== kinds[call as keyof typeof kinds])
        .map(([, call, name]) => `${path}: ${call} ${name}`),
    );
  expect(wrong).toEqual([]);
});
