import { expect, test } from 'vitest';
import { createActor } from 'xstate';
import { observerMachine } from '#agents/observer/observer.machine.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { anomalyWith, hourMs, noon } from '#test/support/agents.ts';
import { coverTransitions } from '#test/support/transition-coverage.ts';

const input = { tenant: 'acme', region: 'eu-west' };

test('the observer says a lasting trouble once per cooldown', () => {
  const said: Signal[] = [];
  const actor = createActor(observerMachine, { input }).start();
  actor.on('signal', ({ signal }) => said.push(signal));
  for (const hours of [0, 0.5, 1, 1.5, 2, 2.5]) {
    actor.send({ type: 'anomaly.detected', anomaly: anomalyWith({ at: noon + hours * hourMs }) });
  }
  expect(said.map(({ at }) => at)).toEqual([
    '2026-01-10T12:00:00.000Z',
    '2026-01-10T14:00:00.000Z',
  ]);
});

test('a restored observer still knows what it said', () => {
  const first = createActor(observerMachine, { input }).start();
  first.send({ type: 'anomaly.detected', anomaly: anomalyWith() });
  const snapshot = JSON.parse(JSON.stringify(first.getPersistedSnapshot()));
  const said: Signal[] = [];
  const second = createActor(observerMachine, { input, snapshot });
  second.on('signal', ({ signal }) => said.push(signal));
  second.start();
  second.send({ type: 'anomaly.detected', anomaly: anomalyWith({ at: noon + hourMs }) });
  expect(said).toEqual([]);
});

test('every transition of the observer is covered', () => {
  const { all, missed } = coverTransitions(observerMachine, {
    input,
    events: [{ type: 'anomaly.detected', anomaly: anomalyWith() } as { type: string }],
    stateKey: ({ value, context }) => `${String(value)} ${Object.keys(context.heard).length}`,
  });
  expect(all).toHaveLength(1);
  expect(missed).toEqual([]);
});
