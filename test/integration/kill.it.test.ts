/**
 * `kill -9` at random moments, and then a run that must finish everything: nothing done twice,
 * nothing forgotten, and a log that verifies.
 */
import { randomInt } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { UpSummary } from '#regions/federation-types.ts';
import { Seed } from '#sim/seed.ts';
import { type AuditLog, appliedEnactments, readAuditLogs } from '#test/support/audit-logs.ts';
import {
  answerOf,
  killHolder,
  quorate,
  startQuorate,
  temporaryFolder,
} from '#test/support/process.ts';
import { atShortSpeed, writeShortRecording } from '#test/support/recording.ts';
import { thorough } from '#test/support/require.ts';

/** Half of the kills wait for one of these steps: between them a decision is half done. */
const steps = ['candidate', 'certificate', 'dry-run', 'gate', 'intent', 'outcome'];

interface Plan {
  readonly folder: string;
  /** The series; null for the shipped recording. */
  readonly data: string | null;
  readonly kills: number;
  /** A kill comes at most so long after the start. */
  readonly withinMs: number;
}

function up({ folder, data }: Plan): readonly string[] {
  const series = data === null ? [] : ['--data', data, ...atShortSpeed];
  return ['up', '--json', ...series, '--data-dir', join(folder, 'var'), '--port', '0'];
}

/** Kills again and again; resolves with what was done, for the message of a failure. */
async function killRepeatedly(plan: Plan, random: Seed): Promise<readonly string[]> {
  const done: string[] = [];
  for (let kill = 0; kill < plan.kills; kill += 1) {
    const running = startQuorate(up(plan));
    const ms = random.integer(0, plan.withinMs);
    const step = kill % 2 === 0 ? null : random.pick(steps);
    const alarm = new Promise((resolve) => setTimeout(resolve, ms));
    await running.line(/the gateway answers/);
    const seen = step && running.line(new RegExp(`"step":"${step}"`)).catch(() => null);
    await Promise.race([alarm, ...(seen ? [seen] : [])]);
    const { signal } = await killHolder(join(plan.folder, 'var'), running);
    expect(signal).toBe('SIGKILL');
    done.push(`${ms} ms or ${step}`);
  }
  return done;
}

async function survives(plan: Plan): Promise<void> {
  const seed = randomInt(2 ** 31);
  const kills = await killRepeatedly(plan, new Seed(seed));
  const story = `seed ${seed}, killed after ${kills.join(', ')}`;
  const dataDir = join(plan.folder, 'var');
  const ended = await quorate([...up(plan), '--once']);
  expect(ended.code, `${ended.stderr}; ${story}`).toBe(0);
  const audit = await quorate(['audit', 'verify', '--data-dir', dataDir]);
  expect(audit.code, `${audit.stdout}; ${story}`).toBe(0);

  const logs = await readAuditLogs(dataDir);
  for (const log of logs) {
    expect(repeated(outcomesOf(log)), story).toEqual([]);
    expect(unfinished(log), story).toEqual([]);
  }
  await isDoneOnce(dataDir, logs, story);
  const names = await readdir(join(dataDir, 'receipts'));
  const receipts = names.filter((name) => name.endsWith('.json'));
  expect(receipts.sort(), story).toEqual(endedIn(logs).map((id) => `${id}.json`));
  const files = receipts.map((name) => join(dataDir, 'receipts', name));
  // Kills can cost so much evidence that all that was decided still waits for people.
  if (files.length > 0) {
    const verified = await quorate(['verify', ...files, '--data-dir', dataDir]);
    expect(verified.code, `${verified.stderr}; ${story}`).toBe(0);
  }

  const again = answerOf<UpSummary>(await quorate([...up(plan), '--once']));
  expect(again.thisRun, story).toMatchObject({ signals: 0, certificates: 0, enacted: 0 });
  expect(again.certificates, story).toBeGreaterThanOrEqual(1);
}

/** Decisions by their outcomes, once for each entry that says so. */
function outcomesOf({ entries }: AuditLog): readonly string[] {
  return entries.filter(({ step }) => step === 'outcome').map(({ decisionId }) => decisionId ?? '');
}

function repeated(ids: readonly string[]): readonly string[] {
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}

/** Certified decisions that neither ended nor wait for people. */
function unfinished(log: AuditLog): readonly string[] {
  const ended = new Set(outcomesOf(log));
  const waiting = new Map<string, boolean>();
  for (const { step, decisionId = '', facts } of log.entries) {
    if (step === 'gate') waiting.set(decisionId, facts.waiting === true);
    if (step === 'released') waiting.set(decisionId, false);
  }
  return log.entries
    .filter(({ step, facts }) => step === 'certificate' && facts.value !== 'abort')
    .map(({ decisionId = '' }) => decisionId)
    .filter((id) => !ended.has(id) && waiting.get(id) !== true);
}

/** Every decision that has ended, or was to do nothing: each has a receipt. */
function endedIn(logs: readonly AuditLog[]): readonly string[] {
  const ids = logs.flatMap((log) => [
    ...outcomesOf(log),
    ...log.entries
      .filter(({ step, facts }) => step === 'certificate' && facts.value === 'abort')
      .map(({ decisionId = '' }) => decisionId),
  ]);
  return [...new Set(ids)].sort();
}

/** The cluster did exactly what the logs say was enacted, and each of it once. */
async function isDoneOnce(
  dataDir: string,
  logs: readonly AuditLog[],
  story: string,
): Promise<void> {
  const applied = (await appliedEnactments(dataDir)).map(({ enactmentId }) => enactmentId);
  expect(repeated(applied), story).toEqual([]);
  for (const { entries } of logs) {
    const enacted = entries
      .filter(({ step, facts }) => step === 'outcome' && facts.outcome === 'enacted')
      .map(({ decisionId }) => decisionId);
    expect(enacted.sort(), story).toEqual(applied.toSorted());
  }
}

test('killed three times on two days of the demo, a run finishes what was begun', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'short');
  await writeShortRecording(data);
  await survives({ folder, data, kills: 3, withinMs: 2000 });
}, 90_000);

thorough('ten kills over the whole recording take a minute')(
  'killed ten times over the whole recording, a run finishes what was begun',
  async () => {
    const folder = await temporaryFolder();
    await survives({ folder, data: null, kills: 10, withinMs: 5000 });
  },
  300_000,
);
