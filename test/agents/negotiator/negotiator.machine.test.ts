import { expect, test } from 'vitest';
import { createActor, fromPromise } from 'xstate';
import type { NegotiatorEmitted, NegotiatorEvent } from '#agents/events.ts';
import {
  type Composed,
  type CounterRequest,
  negotiatorMachine,
} from '#agents/negotiator/negotiator.machine.ts';
import type { CandidateWork } from '#agents/negotiator/work.ts';
import { advance, recordSignal, riskOf, scorerStart } from '#agents/scorer/risk.ts';
import type { Judgement } from '#protocols/messages/ballot.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import { hourMs, manifestWith, noon, signalWith, stateWith } from '#test/support/agents.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { coverTransitions } from '#test/support/transition-coverage.ts';

const version = 4294967297;
const instance = { tenant: 'acme', target: 'acme/checkout', version };
const value = `sha256:${'d'.repeat(64)}`;
const input = {
  tenant: 'acme',
  region: 'eu-west',
  regions: ['ap-south', 'eu-west', 'us-east'],
  queueMax: 2,
};
const judgement: Judgement = {
  verdict: 'reject',
  confidence: 0.7,
  risk: 0.2,
  costEstimate: 0,
  reversibility: 1,
  reasons: ['the load seen here asks for 5 replicas, not 6'],
};

function riskAt(at: number, score = 0.9, services = ['checkout']): Risk {
  const state = services.reduce(
    (before, service) => recordSignal(before, signalWith({ service, score })),
    scorerStart,
  );
  return riskOf(advance(state, at), 'acme', 'eu-west');
}

const rejected = (change: Partial<Manifest> = {}): NegotiatorEvent => ({
  type: 'judgement.recorded',
  instance,
  value,
  manifest: manifestWith(change),
  observed: stateWith(),
  judgement,
  risk: riskAt(noon, 0.5),
});
const risks: readonly NegotiatorEvent[] = [
  { type: 'risk.recorded', risk: riskAt(noon) },
  { type: 'risk.recorded', risk: riskAt(noon + hourMs) },
];
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Answers by hand: the tests decide when and how composing ends. */
function negotiator() {
  const asked: (CandidateWork | CounterRequest)[] = [];
  const answers: PromiseWithResolvers<unknown>[] = [];
  const ask = (request: CandidateWork | CounterRequest) => {
    const answer = Promise.withResolvers<unknown>();
    asked.push(request);
    answers.push(answer);
    return answer.promise;
  };
  const clock = new ManualClock();
  const machine = negotiatorMachine.provide({
    actors: {
      composeCandidate: fromPromise<Composed | null, CandidateWork>(
        ({ input: work }) => ask(work) as Promise<Composed | null>,
      ),
      composeCounter: fromPromise<Manifest | null, CounterRequest>(
        ({ input: request }) => ask(request) as Promise<Manifest | null>,
      ),
    },
  });
  const actor = createActor(machine, { input, clock });
  const emitted: NegotiatorEmitted[] = [];
  actor.on('*', (event) => emitted.push(event));
  actor.start();
  const send = (...events: readonly NegotiatorEvent[]) => {
    for (const event of events) actor.send(event);
  };
  return { actor, asked, answers, emitted, send, clock };
}

test('a risk that stands is composed and put forward', async () => {
  const { send, asked, answers, emitted } = negotiator();
  send(...risks);
  expect(asked).toMatchObject([{ intent: { service: 'checkout', kind: 'scale' } }]);
  const manifest = manifestWith({ proposer: 'eu-west' });
  answers[0]?.resolve({ manifest, judgement: { ...judgement, verdict: 'accept' } });
  await settle();
  expect(emitted).toMatchObject([{ type: 'candidate', manifest }]);
  send({ type: 'risk.recorded', risk: riskAt(noon + 2 * hourMs) });
  expect(asked).toHaveLength(1);
});

test('a candidate that cannot be composed is dropped and tried again later', async () => {
  const { send, asked, answers, emitted } = negotiator();
  send(...risks);
  answers[0]?.reject(new Error('the driver is away'));
  await settle();
  expect(emitted).toEqual([]);
  send({ type: 'risk.recorded', risk: riskAt(noon + 2 * hourMs) });
  expect(asked).toHaveLength(1);
  send({ type: 'risk.recorded', risk: riskAt(noon + 3 * hourMs) });
  expect(asked).toHaveLength(2);
});

test('services are composed for one after the other, none is lost', async () => {
  const { send, asked, answers } = negotiator();
  const both = ['catalog', 'checkout'];
  send({ type: 'risk.recorded', risk: riskAt(noon, 0.9, both) });
  send({ type: 'risk.recorded', risk: riskAt(noon + hourMs, 0.9, both) });
  answers[0]?.resolve(null);
  await settle();
  expect(asked.map(({ intent }) => intent.service)).toEqual(['catalog', 'checkout']);
});

test('an acceptance and a rejection without alternative are answered at once', () => {
  const { send, asked, emitted } = negotiator();
  const event = rejected();
  if (event.type !== 'judgement.recorded') throw new Error('it is a judgement');
  send({ ...event, judgement: { ...judgement, verdict: 'accept' } });
  send({ ...event, risk: riskAt(noon + 48 * hourMs) });
  expect(asked).toEqual([]);
  expect(emitted).toMatchObject([
    { type: 'verdict', judgement: { verdict: 'accept' }, counter: null },
    { type: 'verdict', judgement, counter: null },
  ]);
});

test('a rejection with an alternative becomes a verdict with a counter-proposal', async () => {
  const { send, asked, answers, emitted } = negotiator();
  send(rejected());
  expect(asked).toMatchObject([{ intent: { kind: 'scale', factor: 1.25 }, instance }]);
  const counter = manifestWith({ proposer: 'eu-west', action: { kind: 'scale', replicas: 5 } });
  answers[0]?.resolve(counter);
  await settle();
  expect(emitted).toEqual([{ type: 'verdict', instance, value, judgement, counter }]);
});

test('a judgement that comes while composing goes before the next candidate', async () => {
  const { send, asked, answers } = negotiator();
  const both = ['catalog', 'search'];
  send({ type: 'risk.recorded', risk: riskAt(noon, 0.9, both) });
  send({ type: 'risk.recorded', risk: riskAt(noon + hourMs, 0.9, both) });
  send(rejected());
  expect(asked).toHaveLength(1);
  answers[0]?.resolve(null);
  await settle();
  expect(asked[1]).toMatchObject({ instance });
  answers[1]?.resolve(null);
  await settle();
  expect(asked[2]).toMatchObject({ intent: { service: 'search' } });
});

test('a counter-proposal that fails is a plain rejection with the reason', async () => {
  const { send, answers, emitted } = negotiator();
  send(rejected());
  answers[0]?.reject(new Error('no'));
  await settle();
  send(rejected());
  answers[1]?.resolve(null);
  await settle();
  const reasons = emitted.map(
    (event) => event.type === 'verdict' && event.judgement.reasons.at(-1),
  );
  expect(reasons).toEqual([
    'no counter-proposal: composing it failed',
    'no counter-proposal: the target leaves no room for it',
  ]);
});

test('a region that composes for too long answers without', () => {
  const { send, clock, emitted, actor } = negotiator();
  send(rejected(), ...risks);
  clock.advance(10_000);
  expect(emitted).toMatchObject([{ type: 'verdict', counter: null }]);
  clock.advance(10_000);
  expect(actor.getSnapshot().value).toBe('idle');
});

test('beyond the queue every judgement is still answered', () => {
  const { send, emitted } = negotiator();
  send(rejected(), rejected(), rejected(), rejected());
  expect(emitted).toHaveLength(2);
  for (const event of emitted) {
    expect(event).toMatchObject({ type: 'verdict', judgement: { verdict: 'reject' } });
  }
});

test('a restored negotiator asks again for the work that was under way', async () => {
  const first = negotiator();
  first.send(rejected());
  const snapshot = JSON.parse(JSON.stringify(first.actor.getPersistedSnapshot()));
  const counter = manifestWith({ action: { kind: 'scale', replicas: 5 } });
  const machine = negotiatorMachine.provide({
    actors: { composeCounter: fromPromise<Manifest | null, CounterRequest>(async () => counter) },
  });
  const second = createActor(machine, { input, snapshot });
  const emitted: NegotiatorEmitted[] = [];
  second.on('*', (event) => emitted.push(event));
  second.start();
  await settle();
  expect(emitted).toMatchObject([{ type: 'verdict', counter }]);
});

test('a closed decision frees the service after its cooldown', () => {
  const { send, asked, actor } = negotiator();
  const at = noon + 24 * hourMs;
  send(rejected({ proposer: 'eu-west' }));
  expect(actor.getSnapshot().context.services.checkout?.open).toBe(version);
  send({ type: 'decision.closed', instance, outcome: 'void', action: 'scale', at });
  expect(actor.getSnapshot().context.services.checkout?.open).toBeNull();
  expect(asked).toEqual([]);
});

test('every transition of the negotiator is covered', () => {
  const machine = negotiatorMachine.provide({
    actors: {
      composeCandidate: fromPromise<Composed | null, CandidateWork>(() => new Promise(() => {})),
      composeCounter: fromPromise<Manifest | null, CounterRequest>(() => new Promise(() => {})),
    },
  });
  const manifest = manifestWith();
  const output = { manifest, judgement };
  const candidate = 'composeCandidate';
  const counter = 'composeCounter';
  const accepted = { ...rejected(), judgement: { ...judgement, verdict: 'accept' } };
  const { all, missed } = coverTransitions(machine, {
    input: { ...input, queueMax: 1 },
    events: [
      ...risks,
      rejected(),
      accepted,
      { type: 'decision.closed', instance, outcome: 'abort', action: null, at: noon },
      { type: `xstate.done.actor.${candidate}`, output, actorId: candidate },
      { type: `xstate.done.actor.${candidate}`, output: null, actorId: candidate },
      { type: `xstate.error.actor.${candidate}`, error: new Error('no'), actorId: candidate },
      { type: `xstate.done.actor.${counter}`, output: manifest, actorId: counter },
      { type: `xstate.error.actor.${counter}`, error: new Error('no'), actorId: counter },
      { type: 'xstate.after.composeTimeout.negotiator.composing' },
      { type: 'xstate.after.composeTimeout.negotiator.countering' },
    ] as { type: string }[],
    stateKey: ({ value: state, context: { candidates, counters, services } }) =>
      [state, candidates.length, counters.length, services.checkout?.since].join(' '),
  });
  expect(all).toHaveLength(14);
  expect(missed).toEqual([]);
});
