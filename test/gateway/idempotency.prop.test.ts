import fc from 'fast-check';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { requireCallers } from '#gateway/auth.ts';
import { readCookies } from '#gateway/cookies.ts';
import { handleErrors } from '#gateway/errors.ts';
import { honourIdempotencyKeys } from '#gateway/idempotency.ts';
import { factsInMemory } from '#test/support/facts.ts';

/** An injected request gets from one wait to the next in fewer turns of the event loop. */
const turnsToHalt = 6;
const log = { info: () => {}, error: () => {} };

interface Sent {
  readonly key: string;
  readonly body: string;
}

function openApp(scheduler: fc.Scheduler, effects: Sent[]) {
  const facts = factsInMemory();
  const wait = () => scheduler.schedule(Promise.resolve());
  // Others act before it happens, and before its end is known.
  const later = async <T>(task: () => Promise<T>) => {
    await wait();
    const result = await task();
    await wait();
    return result;
  };
  const app = Fastify();
  handleErrors(app, log);
  readCookies(app);
  requireCallers(app, {
    bearer: async () => ({
      subject: 'alice',
      tenant: 'acme',
      roles: ['operator'],
      tenants: ['acme'],
      expiresAt: Number.MAX_SAFE_INTEGER,
      sessionId: null,
    }),
    cookie: () => Promise.reject(new Error('nobody has a cookie here')),
    onRefused: async () => {},
  });
  honourIdempotencyKeys(app, {
    region: {
      recall: (key) => later(() => facts.recall(key)),
      remember: (key, fact, until) => later(() => facts.remember(key, fact, until)),
    },
    limits: { idempotencyTtlSeconds: 60, idempotencyAnswerBytesMax: 1024 },
    log,
  });
  app.post<{ Body: { readonly body: string } }>('/act', async ({ headers, body }) => {
    effects.push({ key: String(headers['idempotency-key']), body: body.body });
    const number = effects.length;
    await wait();
    return { number };
  });
  return app;
}

/** Lets the scheduler choose what goes on, each time everything has come to a halt. */
async function untilDone<T>(scheduler: fc.Scheduler, work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = () => {
    isDone = true;
  };
  work.then(end, end);
  while (!isDone) {
    for (let turn = 0; turn < turnsToHalt; turn += 1) await new Promise(setImmediate);
    if (scheduler.count() > 0) await scheduler.waitOne();
  }
  return work;
}

// Goal: one effect a key. Method: any requests with few keys and bodies; the scheduler orders
// when each arrives and what the handler and the store do; then each key once more.
test('requests with one key have exactly one effect, however they interleave', async () => {
  const key = fc.constantFrom('k1', 'k2');
  const request = fc.record({ key, body: fc.constantFrom('x', 'y') });
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(request, { minLength: 1, maxLength: 8 }),
      async (scheduler, requests) => {
        const effects: Sent[] = [];
        const app = openApp(scheduler, effects);
        const send = async ({ key, body }: Sent) => {
          const headers = { authorization: 'Bearer x', 'idempotency-key': key };
          return app.inject({ method: 'POST', url: '/act', headers, payload: { body } });
        };
        const arrive = (sent: Sent) =>
          scheduler
            .scheduleFunction(async () => {})()
            .then(() => send(sent));
        const answers = await untilDone(scheduler, Promise.all(requests.map(arrive)));
        for (const key of new Set(requests.map((sent) => sent.key))) {
          expect(effects.filter((effect) => effect.key === key)).toHaveLength(1);
        }
        const numberOf = (key: string) => effects.findIndex((effect) => effect.key === key) + 1;
        for (const [index, answer] of answers.entries()) {
          if (answer.statusCode === 409) continue;
          expect(answer.json()).toEqual({ number: numberOf(requests[index]?.key ?? '') });
        }
        for (const effect of [...effects]) {
          const again = await untilDone(scheduler, send(effect));
          expect(again.headers['idempotency-replayed']).toBe('true');
          expect(again.json()).toEqual({ number: numberOf(effect.key) });
        }
        await app.close();
      },
    ),
    { numRuns: 50 },
  );
});
