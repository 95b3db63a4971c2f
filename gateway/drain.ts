/**
 * Stopping in order: readiness goes first, so that nobody sends more; streams are ended; requests
 * under way finish; then the sockets close.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { systemClock } from '#fabric/open.ts';
import { QuorateError } from '#protocols/errors.ts';

export interface Drain {
  isDraining(): boolean;
  /** Hears once when draining begins: the moment to end streams. */
  onBegin(listener: () => void): void;
}

export interface Drainable extends Drain {
  /** Adds the hook that counts; call it where the other hooks of a request are added. */
  countRequests(): void;
  /** Resolves when the server has closed; after `withinMs` what still runs is cut off. */
  close(withinMs: number): Promise<void>;
}

export function drainable(app: FastifyInstance): Drainable {
  const listeners: (() => void)[] = [];
  const idle = Promise.withResolvers<void>();
  let isDraining = false;
  let underWay = 0;
  const settle = () => {
    if (isDraining && underWay === 0) idle.resolve();
  };
  const count = async (request: FastifyRequest, reply: FastifyReply) => {
    if (isDraining && !request.routeOptions.config.isProbe) {
      reply.header('connection', 'close');
      throw new QuorateError('not-ready', 'this gateway is stopping', { retryable: true });
    }
    underWay += 1;
    // Also when the client goes away before it has its answer.
    reply.raw.once('close', () => {
      underWay -= 1;
      settle();
    });
  };
  return {
    countRequests: () => {
      app.addHook('onRequest', count);
    },
    isDraining: () => isDraining,
    onBegin: (listener) => {
      listeners.push(listener);
    },
    close: async (withinMs) => {
      const timer = systemClock.setTimeout(() => app.server.closeAllConnections(), withinMs);
      try {
        isDraining = true;
        for (const listener of listeners) listener();
        settle();
        await idle.promise;
        await app.close();
      } finally {
        systemClock.clearTimeout(timer);
      }
    },
  };
}
