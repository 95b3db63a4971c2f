/**
 * Short recordings: the beginnings of the demo's own series, in a folder of their own.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseTimestamp } from '#fabric/telemetry/series.ts';
import { required } from '#protocols/assert.ts';
import { type Dataset, loadDataset } from '#regions/dataset.ts';
import { root } from './source-files.ts';

const demo = join(root, 'sim', 'datasets', 'demo');
/** Replays a short recording in a second, besides the time its ballots take. */
export const shortSpeed = 200_000;
export const atShortSpeed: readonly string[] = ['--speed', String(shortSpeed)];

/** By then something was enacted, something was aborted, and something waits for people. */
const shortEnd = Date.parse('2026-01-06T20:00:00Z');

/** The demo up to its second evening, or to another time, laid out as the demo is. */
export async function writeShortRecording(folder: string, end = shortEnd): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tenants: Dataset['tenants'] = [];
  for (const tenant of loadDataset(demo).tenants) {
    const services: Dataset['tenants'][number]['services'] = [];
    for (const service of tenant.services) {
      const series = [];
      for (const one of service.series) {
        const lines = await linesUntil(one.file, { shiftTo: one.shiftTo, end });
        if (lines.length < 2) continue;
        const file = basename(one.file);
        await writeFile(join(folder, file), `${lines.join('\n')}\n`);
        series.push({ ...one, file });
      }
      if (series.length > 0) services.push({ ...service, series });
    }
    tenants.push({ ...tenant, services });
  }
  await writeFile(join(folder, 'dataset.json'), JSON.stringify({ name: 'short', tenants }));
}

/** The first rows of a few of the demo's series, without a word on what they are. */
export async function writeBareRecording(folder: string, rows: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of ['ec2_cpu_utilization_fe7f93', 'rogue_agent_key_updown', 'occupancy_t4013']) {
    const text = await readFile(join(demo, 'series', `${name}.csv`), 'utf8');
    const head = text.split('\n').slice(0, rows + 1);
    await writeFile(join(folder, `${name}.csv`), `${head.join('\n')}\n`);
  }
}

/** Two tenants, a region each, and nothing that would be worth a signal. */
export async function writeQuietRecording(
  folder: string,
  regions: readonly string[],
): Promise<void> {
  const rows = Array.from({ length: 4 }, (_, index) => `2026-01-05 00:0${index}:00,10`);
  for (const tenant of ['acme', 'globex']) {
    const place = join(folder, tenant, 'web');
    await mkdir(place, { recursive: true });
    for (const region of regions) {
      await writeFile(join(place, `${region}.csv`), `${['timestamp,value', ...rows].join('\n')}\n`);
    }
  }
}

async function linesUntil(
  file: string,
  { shiftTo, end }: { readonly shiftTo: string; readonly end: number },
): Promise<readonly string[]> {
  const [header = '', ...rows] = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const shift = Date.parse(shiftTo) - timeOf(rows[0] ?? '');
  return [header, ...rows.filter((row) => timeOf(row) + shift < end)];
}

function timeOf(row: string): number {
  const [cell = ''] = row.split(',');
  return required(parseTimestamp(cell), 'a row of the demo begins with its time');
}
