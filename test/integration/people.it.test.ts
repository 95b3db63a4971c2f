/**
 * People and the running program: approvals, denials, proposals, stops and resumes, over the
 * command line and over HTTP.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { ProposalWire } from '#gateway/views/proposal.ts';
import {
  answerOf,
  type Ended,
  quorate,
  type Running,
  startQuorate,
  temporaryFolder,
} from '#test/support/process.ts';
import { atShortSpeed, writeShortRecording } from '#test/support/recording.ts';

const waitMs = 15_000;
const pollMs = 100;

let folder: string;
let running: Running;
let url: string;
/** Tokens of one operator, by tenant. */
const tokens = new Map<string, string>();

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeShortRecording(join(folder, 'short'));
  const place = ['--data-dir', 'var', '--port', '0'];
  const args = ['up', '--data', 'short', ...atShortSpeed, ...place];
  running = startQuorate(args, { cwd: folder });
  await running.line(/the recording has ended/);
  const endpoint = await readFile(join(folder, 'var', 'gateway', 'endpoint.json'), 'utf8');
  url = (JSON.parse(endpoint) as { url: string }).url;
  for (const tenant of ['acme', 'globex']) {
    const who = ['--tenant', tenant, '--roles', 'operator', '--subject', 'carol'];
    tokens.set(tenant, (await here('token', ...who)).stdout.trim());
  }
}, 60_000);

function here(...args: readonly string[]): Promise<Ended> {
  return quorate([...args, '--data-dir', 'var'], { cwd: folder });
}

async function post(tenant: string, path: string, body: unknown) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokens.get(tenant)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function get<T>(tenant: string, path: string): Promise<T> {
  const headers = { authorization: `Bearer ${tokens.get(tenant)}` };
  const response = await fetch(`${url}${path}`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

/** The proposal once it has the status. */
async function reaches(tenant: string, id: string, status: string): Promise<ProposalWire> {
  for (let waited = 0; ; waited += pollMs) {
    const proposal = await get<ProposalWire>(tenant, `/proposals/${id}`);
    if (proposal.status === status) return proposal;
    if (waited > waitMs) throw new Error(`${id} is ${proposal.status}, not ${status}`);
    await pause(pollMs);
  }
}

/** Put forward over HTTP and certified by all; resolves once it waits for a person. */
async function propose(tenant: string, target: string, action: unknown): Promise<ProposalWire> {
  const manifest = { target, action, rationale: 'carol asked for it' };
  const { status, body } = await post(tenant, '/proposals', { manifest });
  expect({ status, body }).toMatchObject({ status: 202 });
  return reaches(tenant, String(body.proposal_id), 'pending-approval');
}

function approve(id: string, name: string): Promise<Ended> {
  return here('approve', id, '--as', name, '--json');
}

test.concurrent('what waits is enacted once it is approved, and only once', async () => {
  const { items } = await get<{ items: ProposalWire[] }>('globex', '/proposals');
  const waiting = items.find(({ status }) => status === 'pending-approval');
  const id = waiting?.proposal_id ?? '';
  expect(waiting?.target).toBe('globex/payments');
  expect((await approve(id.slice(0, 12), 'alice')).code).toBe(0);
  const enacted = await reaches('globex', id, 'enacted');
  expect(enacted.approvals.map(({ approver }) => approver)).toEqual(['alice']);

  const again = await approve(id, 'alice');
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toMatch(/^quorate: this decision does not wait [^\n]+\n$/);
  const receipt = join('var', 'receipts', `${id}.json`);
  await running.line(new RegExp(`"step":"outcome".*${id}`));
  expect(await here('verify', receipt)).toMatchObject({ code: 0 });
  const { items: steps } = await get<{ items: { step: string }[] }>('globex', `/audit/${id}`);
  for (const once of ['certificate', 'approval', 'outcome']) {
    expect(steps.filter(({ step }) => step === once)).toHaveLength(1);
  }
}, 60_000);

test.concurrent('what a person asks for is certified, and denied it is never done', async () => {
  const proposal = await propose('acme', 'catalog', { kind: 'scale', replicas: 5 });
  const accepting = proposal.votes.filter(({ step, verdict }) => step === 'prevote' && verdict);
  expect(new Set(accepting.map(({ region }) => region)).size).toBeGreaterThanOrEqual(2);
  const id = proposal.proposal_id;
  expect(await here('deny', id, '--as', 'bob', '--reason', 'not today')).toMatchObject({ code: 0 });
  await reaches('acme', id, 'denied');
  expect(await approve(id, 'alice')).toMatchObject({ code: 1, stdout: '' });
  const cluster = await readFile(
    join(folder, 'var', 'mock-cluster', 'acme', 'catalog.json'),
    'utf8',
  );
  expect(JSON.parse(cluster)).toMatchObject({ state: { replicas: 4 }, enactments: [] });
}, 60_000);

test.concurrent('a stop holds what was approved until a resume lifts it', async () => {
  const held = await propose('globex', 'search', { kind: 'scale', replicas: 5 });
  const stop = await here('stop', 'globex/search', '--as', 'carol', '--json');
  expect(answerOf(stop)).toMatchObject({ stops: [{ action: 'pause', generation: 0 }] });
  expect((await approve(held.proposal_id, 'alice')).code).toBe(0);
  await reaches('globex', held.proposal_id, 'released');
  await pause(500);
  await reaches('globex', held.proposal_id, 'released');

  const resume = await propose('globex', 'search', { kind: 'resume', generation: 1 });
  await reaches('globex', held.proposal_id, 'superseded');
  expect((await approve(resume.proposal_id, 'bob')).code).toBe(0);
  await reaches('globex', resume.proposal_id, 'enacted');

  const next = await propose('globex', 'search', { kind: 'scale', replicas: 6 });
  expect((await approve(next.proposal_id, 'alice')).code).toBe(0);
  await reaches('globex', next.proposal_id, 'enacted');
  const cluster = await readFile(
    join(folder, 'var', 'mock-cluster', 'globex', 'search.json'),
    'utf8',
  );
  expect(JSON.parse(cluster)).toMatchObject({ state: { replicas: 6, stopGeneration: 1 } });
}, 60_000);
