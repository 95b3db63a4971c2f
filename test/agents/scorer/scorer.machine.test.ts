import { expect, test } from 'vitest';
import { createActor } from 'xstate';
import type { ScorerEmitted, ScorerEvent } from '#agents/events.ts';
import { scorerMachine } from '#agents/scorer/scorer.machine.ts';
import { hourMs, manifestWith, noon, signalWith, stateWith } from '#test/support/agents.ts';
import { coverTransitions } from '#test/support/transition-coverage.ts';

const input = { tenant: 'acme', region: 'eu-west', confidenceMin: 0.5, scaleHighRiskFactor: 3 };
const instance = { tenant: 'acme', target: 'acme/checkout', version: 4294967297 };
const requested: ScorerEvent = {
  type: 'judgement.requested',
  instance,
  value: `sha256:${'d'.repeat(64)}`,
  manifest: manifestWith(),
  observed: stateWith(),
};

function said(events: readonly ScorerEvent[]): readonly ScorerEmitted[] {
  const emitted: ScorerEmitted[] = [];
  const actor = createActor(scorerMachine, { input }).start();
  actor.on('*', (event) => emitted.push(event));
  for (const event of events) actor.send(event);
  return emitted;
}

test('every signal is answered with a risk', () => {
  const [first] = said([{ type: 'signal.recorded', signal: signalWith() }]);
  expect(first).toMatchObject({ type: 'risk', risk: { overall: 0.56, tenant: 'acme' } });
});

test('worry that lasts is said again as time advances, and calm is not', () => {
  const emitted = said([
    { type: 'time.advanced', at: noon - hourMs },
    { type: 'signal.recorded', signal: signalWith() },
    { type: 'time.advanced', at: noon + hourMs },
    { type: 'time.advanced', at: noon + 48 * hourMs },
    { type: 'time.advanced', at: noon + 49 * hourMs },
  ]);
  const overall = emitted.map((event) => (event.type === 'risk' ? event.risk.overall : -1));
  expect(overall).toHaveLength(3);
  expect(overall[2]).toBe(0);
});

test('a manifest is judged with this region’s own evidence and risk', () => {
  const blind = said([requested]);
  const sighted = said([{ type: 'signal.recorded', signal: signalWith() }, requested]);
  expect(blind[0]).toMatchObject({ type: 'judgement', judgement: { verdict: 'reject' } });
  expect(sighted[1]).toMatchObject({
    type: 'judgement',
    instance,
    judgement: { verdict: 'accept' },
    risk: { overall: 0.56 },
  });
});

test('every transition of the scorer is covered', () => {
  const { all, missed } = coverTransitions(scorerMachine, {
    input,
    events: [
      { type: 'signal.recorded', signal: signalWith() } as { type: string },
      { type: 'time.advanced', at: noon + hourMs } as { type: string },
      requested,
    ],
    stateKey: ({ context }) => `${context.scorer.at} ${context.announced?.at ?? ''}`,
  });
  expect(all).toHaveLength(4);
  expect(missed).toEqual([]);
});
