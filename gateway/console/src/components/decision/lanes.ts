/**
 * The picture of a ballot: a lane a region, a mark for everything it was heard to say.
 *
 * Time runs from when the first region heard of the instance. Where a time was not recorded for
 * every mark, the order of rounds and steps takes its place, since that is still true. Marks of
 * one lane never overlap: a crowded one moves aside, by as little as makes it readable, and keeps
 * its true place as `trueX`.
 *
 * Places are per cent of the lane's width.
 */
import type { ProposalWire } from '../../lib/wire.ts';
import { regionsOf, type Stance, stanceOf } from './strip.ts';
import { type Meaning, meaningOf } from './values.ts';

type Vote = ProposalWire['votes'][number];

export interface Mark {
  readonly key: string;
  readonly region: string;
  readonly step: Vote['step'];
  readonly round: number;
  readonly value: string;
  readonly meaning: Meaning;
  readonly verdict: string | null;
  readonly confidence: number | null;
  readonly reason: string | null;
  /** Milliseconds after the start. */
  readonly afterMs: number | null;
  readonly trueX: number;
  readonly x: number;
  /** Whether the certificate holds this very signature. */
  readonly isSigned: boolean;
}

export interface Lane {
  readonly region: string;
  readonly stance: Stance;
  readonly marks: readonly Mark[];
  readonly isSigner: boolean;
  /** How long after the start its first judgement was heard. */
  readonly latencyMs: number | null;
  readonly equivocation: { readonly reason: string; readonly x: number | null } | null;
}

export interface Tick {
  readonly x: number;
  readonly label: string;
}

export interface Timeline {
  readonly axis: 'time' | 'order';
  readonly spanMs: number;
  readonly lanes: readonly Lane[];
  readonly ticks: readonly Tick[];
  readonly certificateX: number | null;
}

/** Room for a glyph of 24 px in a lane of 600 px. */
const usualGap = 4;
/** Marks stay off the ends of the lane. */
const margin = 2;
const stepOrder: readonly Vote['step'][] = ['candidate', 'proposal', 'prevote', 'precommit'];

/** `gap` is the least distance between two marks of a lane. */
export function timelineOf(proposal: ProposalWire, gap = usualGap): Timeline {
  const { votes, opened_at: openedAt, decided_at: decidedAt } = proposal;
  const axis = votes.length > 0 && votes.every(({ at }) => at !== null) ? 'time' : 'order';
  const start = startOf(votes, openedAt);
  const ends = [decidedAt, ...votes.map(({ at }) => at)].flatMap((at) => msOf(at));
  const spanMs = Math.max(1, ...ends.map((end) => end - start));
  const slots = slotsOf(votes);
  const xOf = (vote: Vote) =>
    axis === 'time'
      ? xOfTime((msOf(vote.at)[0] ?? start) - start, spanMs)
      : xOfSlot(slots.indexOf(slotOf(vote)), slots.length);
  const lanes = regionsOf(proposal).map((region) =>
    laneOf(region, { proposal, start, spanMs, xOf, gap }),
  );
  const [decided] = msOf(decidedAt);
  const certificateX =
    proposal.certificate && decided !== undefined && axis === 'time'
      ? xOfTime(decided - start, spanMs)
      : null;
  const ticks = axis === 'time' ? timeTicks(spanMs) : orderTicks(slots);
  return { axis, spanMs, lanes, ticks, certificateX };
}

function laneOf(
  region: string,
  frame: {
    readonly proposal: ProposalWire;
    readonly start: number;
    readonly spanMs: number;
    readonly xOf: (vote: Vote) => number;
    readonly gap: number;
  },
): Lane {
  const { proposal, start, spanMs, xOf, gap } = frame;
  const own = proposal.votes.filter((vote) => vote.region === region);
  const isSigner =
    proposal.certificate?.signatures.some(({ member }) => member === region) ?? false;
  const marks = apart(
    own
      .map((vote) => ({ ...markOf(vote, proposal, start), trueX: xOf(vote), x: xOf(vote) }))
      .toSorted((a, b) => a.trueX - b.trueX || compareSaid(a, b)),
    gap,
  );
  const judged = marks.filter(({ step, afterMs }) => step === 'prevote' && afterMs !== null);
  const found = proposal.equivocations.find((one) => one.region === region);
  const [foundAt] = msOf(found?.at ?? null);
  const equivocationX = foundAt === undefined ? null : xOfTime(foundAt - start, spanMs);
  return {
    region,
    stance: stanceOf(region, proposal),
    marks,
    isSigner,
    latencyMs: judged[0]?.afterMs ?? null,
    equivocation: found ? { reason: found.reason, x: equivocationX } : null,
  };
}

function markOf(vote: Vote, proposal: ProposalWire, start: number): Omit<Mark, 'x' | 'trueX'> {
  const { region, step, round, value, verdict, confidence, reason } = vote;
  const { certificate } = proposal;
  const [at] = msOf(vote.at);
  return {
    key: `${region}/${round}/${step}/${value}`,
    region,
    step,
    round,
    value,
    meaning: meaningOf(value, proposal),
    verdict,
    confidence,
    reason,
    afterMs: at === undefined ? null : Math.max(0, at - start),
    isSigned:
      step === 'precommit' &&
      certificate !== null &&
      certificate.round === round &&
      certificate.value === value &&
      certificate.signatures.some(({ member }) => member === region),
  };
}

/** Clocks of one region only; still, a vote may have been held before the record was opened. */
function startOf(votes: readonly Vote[], openedAt: string): number {
  return Math.min(...msOf(openedAt), ...votes.flatMap(({ at }) => msOf(at)));
}

function msOf(at: string | null): number[] {
  const ms = at === null ? Number.NaN : Date.parse(at);
  return Number.isNaN(ms) ? [] : [ms];
}

function xOfTime(afterMs: number, spanMs: number): number {
  const share = Math.min(1, Math.max(0, afterMs / spanMs));
  return margin + share * (100 - 2 * margin);
}

function xOfSlot(index: number, count: number): number {
  return margin + ((index + 0.5) / Math.max(1, count)) * (100 - 2 * margin);
}

function slotOf({ round, step }: Pick<Vote, 'round' | 'step'>): string {
  return `${round}/${step}`;
}

function compareSaid(a: Pick<Vote, 'round' | 'step'>, b: Pick<Vote, 'round' | 'step'>): number {
  return a.round - b.round || stepOrder.indexOf(a.step) - stepOrder.indexOf(b.step);
}

/** Every (round, step) that was heard, in the order of the protocol. */
function slotsOf(votes: readonly Vote[]): string[] {
  return [...new Set(votes.toSorted(compareSaid).map(slotOf))];
}

/** Moves marks to the right until none covers another, then back from the end if they ran out. */
function apart(marks: readonly Mark[], gapMin: number): Mark[] {
  const last = 100 - margin;
  const gap = Math.min(gapMin, (last - margin) / Math.max(1, marks.length - 1));
  const places: number[] = [];
  for (const { trueX } of marks) {
    places.push(Math.max(trueX, (places.at(-1) ?? Number.NEGATIVE_INFINITY) + gap));
  }
  let room = last;
  for (let index = places.length - 1; index >= 0; index -= 1) {
    places[index] = Math.min(places[index] ?? room, room);
    room = (places[index] ?? room) - gap;
  }
  return marks.map((mark, index) => ({ ...mark, x: places[index] ?? mark.trueX }));
}

/** At most six ticks at round numbers of milliseconds. */
function timeTicks(spanMs: number): Tick[] {
  const rough = spanMs / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((n) => n * power >= rough) ?? 10) * power);
  const count = Math.floor(spanMs / step + 1e-9) + 1;
  return Array.from({ length: count }, (_, index) => ({
    x: xOfTime(index * step, spanMs),
    label: durationWords(index * step),
  }));
}

function orderTicks(slots: readonly string[]): Tick[] {
  return slots.map((slot, index) => {
    const [round, step] = slot.split('/');
    return { x: xOfSlot(index, slots.length), label: `${step} ${round}` };
  });
}

/** `0`, `12 ms`, `3.5 s`, `2 min`. */
export function durationWords(ms: number): string {
  if (ms === 0) return '0';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Number((ms / 1000).toFixed(1))} s`;
  return `${Number((ms / 60_000).toFixed(1))} min`;
}

/** The whole of a mark in one sentence, for a screen reader and for the line below the lanes. */
export function markWords(mark: Mark, nameOfValue: (value: string) => string): string {
  const { step, region, round, value, meaning, verdict, afterMs } = mark;
  const verb: Readonly<Record<Vote['step'], string>> = {
    candidate: 'puts forward',
    proposal: 'proposes to the others',
    prevote: verdict === 'reject' ? 'rejects, and prevotes' : 'prevotes',
    precommit: 'precommits',
  };
  const what = meaning === 'this' ? `this (${nameOfValue(value)})` : nameOfValue(value);
  const when = afterMs === null ? '' : ` after ${durationWords(afterMs)}`;
  return `${region} ${verb[step]} ${what}, round ${round}${when}`;
}

/** What is said about a region that did not vote. */
export function silenceWords({ certificate }: Pick<ProposalWire, 'certificate'>): string {
  return certificate ? 'no vote before the certificate' : 'no vote so far';
}

/** Where an arrow key goes from a mark: along its lane, or to the nearest mark of the next. */
export function neighbourOf(lanes: readonly Lane[], from: string, key: string): string | null {
  const row = lanes.findIndex(({ marks }) => marks.some((mark) => mark.key === from));
  const marks = lanes[row]?.marks ?? [];
  const column = marks.findIndex((mark) => mark.key === from);
  const here = marks[column];
  if (!here) return null;
  if (key === 'ArrowLeft') return marks[column - 1]?.key ?? null;
  if (key === 'ArrowRight') return marks[column + 1]?.key ?? null;
  if (key === 'Home') return marks[0]?.key ?? null;
  if (key === 'End') return marks.at(-1)?.key ?? null;
  const rows = key === 'ArrowUp' ? lanes.slice(0, row).reverse() : lanes.slice(row + 1);
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return null;
  const next = rows.find((lane) => lane.marks.length > 0)?.marks ?? [];
  const near = next.toSorted((a, b) => Math.abs(a.x - here.x) - Math.abs(b.x - here.x));
  return near[0]?.key ?? null;
}
