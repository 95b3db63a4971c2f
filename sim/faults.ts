/**
 * The fault plan of a world: what goes wrong when, drawn from the seed before anything runs.
 *
 * The chaos phase is cut into spells of weather; partitions, crashes and slow disks lie over
 * them. Then the world heals: every cut is mended, every node is up, and all work must finish.
 */
import { fairWeather, type Weather } from './network.ts';
import type { Seed } from './seed.ts';

export const faultClasses = [
  'loss',
  'duplication',
  'reordering',
  'delay',
  'partition',
  'crash',
  'slow-disk',
] as const;
export type FaultClass = (typeof faultClasses)[number];

/** How often each fault really struck. */
export type FaultCounts = Record<FaultClass, number>;

export type FaultAction =
  | { readonly type: 'weather'; readonly weather: Weather }
  /** One-way cuts, by link. */
  | {
      readonly type: 'cut';
      readonly links: readonly { readonly from: string; readonly to: string }[];
    }
  | { readonly type: 'mend' }
  | { readonly type: 'crash'; readonly node: string; readonly downMs: number }
  | { readonly type: 'slow-disk'; readonly node: string; readonly slowness: number };

export interface PlannedFault {
  /** Milliseconds after the world's beginning. */
  readonly atMs: number;
  readonly action: FaultAction;
}

export interface FaultPlanOptions {
  readonly seed: Seed;
  readonly nodes: readonly string[];
  readonly classes: readonly FaultClass[];
  /** Chaos starts once the regions have met, and ends at `chaosUntilMs`. */
  readonly chaosFromMs: number;
  readonly chaosUntilMs: number;
}

const spellMinMs = 4000;
const spellMaxMs = 12_000;
const partitionMaxMs = 15_000;
const downMinMs = 200;
const downMaxMs = 10_000;
const crashMeanEveryMs = 15_000;

export function noFaults(): FaultCounts {
  return Object.fromEntries(faultClasses.map((name) => [name, 0])) as FaultCounts;
}

/** In order of time. */
export function planFaults(options: FaultPlanOptions): readonly PlannedFault[] {
  const faults = [
    ...weatherSpells(options),
    ...partitions(options),
    ...crashes(options),
    ...slowDisks(options),
  ];
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function weatherSpells({ seed, classes, ...span }: FaultPlanOptions): readonly PlannedFault[] {
  const draw = seed.fork('weather');
  const when = <T>(name: FaultClass, value: T, calm: T): T =>
    classes.includes(name) ? value : calm;
  return spells(draw, span).map((atMs) => {
    const severity = draw.share();
    const weather = {
      loss: when('loss', draw.share() * 0.3 * severity, 0),
      duplication: when('duplication', draw.share() * 0.2 * severity, 0),
      reordering: when('reordering', draw.share() * 0.4 * severity, 0),
      delayMinMs: fairWeather.delayMinMs,
      delayMeanMs: when(
        'delay',
        fairWeather.delayMeanMs + Math.floor(draw.share() * 300 * severity),
        fairWeather.delayMeanMs,
      ),
    };
    return { atMs, action: { type: 'weather', weather } };
  });
}

/** Isolate a node, split the world, or cut links one way. */
function partitions({ seed, nodes, classes, ...span }: FaultPlanOptions): readonly PlannedFault[] {
  if (!classes.includes('partition')) return [];
  const draw = seed.fork('partitions');
  return spells(draw, span)
    .filter(() => draw.chance(0.4))
    .flatMap((atMs): PlannedFault[] => {
      const mendAt = Math.min(atMs + draw.integer(500, partitionMaxMs), span.chaosUntilMs);
      return [
        { atMs, action: { type: 'cut', links: drawCuts(draw, nodes) } },
        { atMs: mendAt, action: { type: 'mend' } },
      ];
    });
}

function drawCuts(draw: Seed, nodes: readonly string[]) {
  const isOneWay = draw.chance(0.4);
  const side = new Set(nodes.filter(() => draw.chance(0.4)));
  if (side.size === 0) side.add(draw.pick(nodes));
  return nodes.flatMap((from) =>
    nodes
      .filter((to) => side.has(from) && !side.has(to))
      .flatMap((to) =>
        isOneWay
          ? [{ from, to }]
          : [
              { from, to },
              { from: to, to: from },
            ],
      ),
  );
}

function crashes({ seed, nodes, classes, ...span }: FaultPlanOptions): readonly PlannedFault[] {
  if (!classes.includes('crash')) return [];
  const draw = seed.fork('crashes');
  const planned: PlannedFault[] = [];
  let atMs = span.chaosFromMs + Math.round(draw.skewed(crashMeanEveryMs));
  while (atMs < span.chaosUntilMs) {
    const downMs = draw.integer(downMinMs, downMaxMs);
    planned.push({ atMs, action: { type: 'crash', node: draw.pick(nodes), downMs } });
    atMs += 500 + Math.round(draw.skewed(crashMeanEveryMs));
  }
  return planned;
}

function slowDisks({ seed, nodes, classes, ...span }: FaultPlanOptions): readonly PlannedFault[] {
  if (!classes.includes('slow-disk')) return [];
  const draw = seed.fork('disks');
  return spells(draw, span)
    .filter(() => draw.chance(0.3))
    .flatMap((atMs): PlannedFault[] => {
      const node = draw.pick(nodes);
      const endMs = Math.min(atMs + draw.integer(1000, spellMaxMs), span.chaosUntilMs);
      return [
        { atMs, action: { type: 'slow-disk', node, slowness: draw.integer(5, 100) } },
        { atMs: endMs, action: { type: 'slow-disk', node, slowness: 1 } },
      ];
    });
}

/** When spells begin: from the start of the chaos phase to its end. */
function spells(
  draw: Seed,
  span: Pick<FaultPlanOptions, 'chaosFromMs' | 'chaosUntilMs'>,
): readonly number[] {
  const starts: number[] = [];
  let atMs = span.chaosFromMs;
  while (atMs < span.chaosUntilMs) {
    starts.push(atMs);
    atMs += draw.integer(spellMinMs, spellMaxMs);
  }
  return starts;
}
