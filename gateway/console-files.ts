/**
 * The console's files, by @fastify/static; the only file that knows it.
 *
 * Assets carry a hash of their content in their names and stay the same for ever; the page that
 * names them is asked for each time. Paths inside the console are behind a `#`, so that none
 * collides with a route.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import files from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { notReadyStatus } from './errors.ts';
import { contentPolicy } from './headers.ts';

/** Where `npm run console` puts what it builds. */
export const consoleFolder = join(import.meta.dirname, 'console', 'dist');

const helmet = contentPolicy({
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'font-src': ["'self'"],
  'manifest-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
});

const unbuiltPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Quorate</title>
<h1>The console is not built yet</h1>
<p>Build it with <code>npm run console</code> and load this page again.
<p>The gateway itself runs: see <a href="/health">/health</a> and <a href="/docs">/docs</a>.
</html>
`;

export function serveConsole(app: FastifyInstance, root = consoleFolder): void {
  app.register(files, { serve: false, root, suppressWarning: true, index: false });
  const options = { helmet, schema: { hide: true }, config: { isPublic: true } };
  const sendPage = (reply: FastifyReply) => {
    if (existsSync(join(root, 'index.html'))) {
      reply.header('cache-control', 'no-cache');
      return reply.sendFile('index.html', { cacheControl: false });
    }
    return reply.code(notReadyStatus).type('text/html; charset=utf-8').send(unbuiltPage);
  };
  app.after(() => {
    app.get('/', options, (_request, reply) => sendPage(reply));
    app.get<{ Params: { '*': string } }>('/assets/*', options, ({ params }, reply) =>
      reply.sendFile(params['*'], join(root, 'assets'), { maxAge: '365d', immutable: true }),
    );
  });
}
