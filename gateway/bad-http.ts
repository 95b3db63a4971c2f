/**
 * Answers to what never becomes a request: bytes that do not parse as HTTP, headers without end,
 * paths that do not decode. Without these the framework would answer in formats of its own.
 */
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { answer, type Fault, problemOf } from './errors.ts';

/** Options for the framework. */
export const badHttpAnswers = {
  /** Before any route and its hooks. */
  frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const fault: Fault =
      error.code === 'FST_ERR_MAX_PARAM_LENGTH'
        ? { code: 'not-found', detail: 'there is nothing with a name that long' }
        : { code: 'invalid-input', detail: 'the path does not decode', field: 'path' };
    answer(fault, request, reply);
  },
  clientErrorHandler: answerBytes,
  /** Node would refuse a request without one with no body at all; our own check names it. */
  http: { requireHostHeader: false },
};

/**
 * An expectation other than `100-continue` may be ignored (RFC 9110, 10.1.1); Node would refuse it
 * with no body at all.
 */
export function ignoreExpectations(server: Server): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

const byParserCode: Readonly<Record<string, Fault>> = {
  HPE_HEADER_OVERFLOW: { code: 'headers-too-large', detail: 'send shorter headers' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'timeout', detail: 'the rest of the request did not come' },
};
const notHttp: Fault = { code: 'invalid-input', detail: 'this is not HTTP/1.1' };

/** There is no request and no reply yet, only a connection, which ends with the answer. */
function answerBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const fault = byParserCode[error.code ?? ''] ?? notHttp;
  const requestId = crypto.randomUUID();
  const problem = problemOf(fault, { instance: '', requestId });
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    'connection: close',
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
