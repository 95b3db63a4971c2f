import { expect, test } from 'vitest';
import { createMetrics } from '#fabric/open.ts';
import { highlightsOf } from '#gateway/console/src/lib/highlights.ts';
import { parseMetrics, quantileOf, sumOf } from '#gateway/console/src/lib/metrics.ts';

test('what the gateway writes is read back', async () => {
  const metrics = createMetrics({ labels: { region: 'eu-west' } });
  metrics.count('certificates_total', { outcome: 'manifest' }, 2);
  metrics.count('certificates_total', { outcome: 'abort' });
  metrics.observe('decision_seconds', 0.04);
  const samples = parseMetrics(await metrics.render());
  expect(sumOf(samples, 'quorate_certificates_total')).toBe(3);
  expect(sumOf(samples, 'quorate_certificates_total', { outcome: 'abort' })).toBe(1);
  expect(sumOf(samples, 'quorate_nothing')).toBeNull();
  const median = quantileOf(samples, 'quorate_decision_seconds', 0.5);
  expect(median).toBeGreaterThan(0.025);
  expect(median).toBeLessThan(0.05);
});

test('a quantile is interpolated in its bucket, over all series', () => {
  const text = ['a', 'b']
    .flatMap((series) => [
      `t_bucket{s="${series}",le="1"} 5`,
      `t_bucket{s="${series}",le="2"} 10`,
      `t_bucket{s="${series}",le="+Inf"} 10`,
    ])
    .join('\n');
  const samples = parseMetrics(text);
  expect(quantileOf(samples, 't', 0.5)).toBe(1);
  expect(quantileOf(samples, 't', 0.75)).toBe(1.5);
  expect(quantileOf(samples, 'nothing', 0.5)).toBeNull();
});

test('what is beyond the last bucket is told as its bound', () => {
  const samples = parseMetrics('t_bucket{le="1"} 1\nt_bucket{le="+Inf"} 10');
  expect(quantileOf(samples, 't', 0.99)).toBe(1);
});

test('labels keep their quotes, braces and spaces; comments and noise are left out', () => {
  const [sample, ...rest] = parseMetrics('# HELP x y\nx{a="q\\"{} z",b="\\\\"} 1e3\n\nnoise\n');
  expect(sample).toEqual({ name: 'x', labels: { a: 'q"{} z', b: '\\' }, value: 1000 });
  expect(rest).toEqual([]);
});

test('highlights follow the prefix that an operator chose, and mark what wants a look', () => {
  const text = 'ops_audit_entries_total 9\nops_policy_alerts_total{policy="P5"} 2\n';
  const found = highlightsOf(parseMetrics(text));
  expect(found.find(({ label }) => label === 'Policy alerts')).toMatchObject({
    text: '2',
    isAlarm: true,
  });
  expect(found.find(({ label }) => label === 'Agent failures')).toMatchObject({ isAlarm: false });
});
