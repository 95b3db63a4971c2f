/**
 * The story as a person reads it: one chapter a decision.
 *
 *    6 Jan 04:35  globex/payments
 *                 us-east sees an anomaly: disk-write is 5.6 deviations above normal
 *                 us-east proposes to scale from 4 to 6 replicas, because …
 *                 ap-south agrees: …
 *                 eu-west disagrees: …
 *                 Decided: scale to 6 replicas, signed by eu-west and us-east (287f1deea939)
 *                 Waits for a person: … Needs 1 approver (alice or bob) by 01:10
 *                   npx quorate approve 287f1deea939 --as alice
 *
 * Anomalies are told only as what a proposal rests on: there are hundreds, and most lead nowhere.
 * Times at the left are the recording's. Pure but for what it remembers.
 */
import { stripVTControlCharacters } from 'node:util';
import type { AuditEntry, AuditStep } from '#protocols/messages/audit.ts';
import type { ProposalView } from '#regions/node.ts';
import { list, plural, recordedTime, wallTime, wrap } from './layout.ts';
import { aboutOf, actorOf, deedOf, reasonsOf, shortId } from './narrate.ts';
import type { Decidable } from './people.ts';
import type { Style } from './screen.ts';

export interface ChapterOptions {
  readonly columns: () => number;
  readonly style: Style;
  readonly decidable: (view: ProposalView) => Decidable;
}

export interface Chapters {
  /** The lines for an entry that is news. */
  tell(entry: AuditEntry, view: ProposalView | null): readonly string[];
  /** Where the story is, in one line; empty before the first anomaly. */
  status(): string;
}

type Verdict = 'agrees' | 'disagrees';

/** One ballot: everything about one version of one target. */
interface Chapter {
  readonly key: string;
  proposer: string;
  /** The newest word of each region. */
  readonly verdicts: Map<string, Verdict>;
  /** Lines of this chapter that may come twice, in other words or other rounds. */
  readonly told: Set<string>;
  isDecided: boolean;
}

interface Seen {
  readonly region: string;
  readonly reason: string;
  readonly score: number;
  readonly at: number;
}

interface Told {
  readonly entry: AuditEntry;
  readonly view: ProposalView | null;
  readonly chapter: Chapter;
}

const margin = 14;
const chaptersMax = 100;
/** What a region saw longer ago than this is not what made it propose. */
const recentMs = 6 * 3_600_000;

export function createChapters(options: ChapterOptions): Chapters {
  const story = new Story(options);
  return { tell: (entry, view) => story.tell(entry, view), status: () => story.status() };
}

class Story {
  readonly #options: ChapterOptions;
  readonly #chapters = new Map<string, Chapter>();
  /** By target and region, the newest anomaly that no proposal has been made from. */
  readonly #seen = new Map<string, Map<string, Seen>>();
  /** Whose lines were told last: others need their heading again. */
  #open = '';
  #now = 0;
  #anomalies = 0;
  #decisions = 0;
  readonly #waiting = new Set<string>();
  readonly #explained = new Set<string>();

  constructor(options: ChapterOptions) {
    this.#options = options;
  }

  status(): string {
    if (this.#now === 0) return '';
    const { size } = this.#waiting;
    return (
      `${recordedTime(this.#now).padStart(margin - 2)}  ${plural(this.#anomalies, 'anomaly')} so ` +
      `far, ${plural(this.#decisions, 'decision')}${size > 0 ? `, ${size} waiting for you` : ''}`
    );
  }

  tell(entry: AuditEntry, view: ProposalView | null): readonly string[] {
    if (entry.step === 'signal') this.#see(entry);
    const teller = tellers[entry.step];
    if (!teller) return [];
    const chapter = this.#chapterOf(entry);
    const lines = teller({ entry, view, chapter }, this.#telling);
    if (lines.length === 0) return [];
    const body = lines.flatMap((line) => this.#wrapped(stripVTControlCharacters(line)));
    return [...this.#heading(chapter, entry), ...body];
  }

  readonly #telling: Telling = {
    seenAt: (target) => this.#takeSeen(target),
    decidable: (view) => this.#options.decidable(view),
    decided: () => {
      this.#decisions += 1;
    },
    waits: (id, isWaiting) => {
      if (isWaiting) this.#waiting.add(id);
      else this.#waiting.delete(id);
    },
    once: (what) => {
      const isNew = !this.#explained.has(what);
      this.#explained.add(what);
      return isNew;
    },
  };

  #see({ region, target, reason, facts }: AuditEntry): void {
    const at = Date.parse(String(facts.at));
    if (!target || Number.isNaN(at)) return;
    this.#anomalies += 1;
    this.#now = Math.max(this.#now, at);
    const here = this.#seen.get(target) ?? new Map<string, Seen>();
    this.#seen.set(target, here);
    const before = here.get(region);
    const score = Number(facts.score);
    const isStronger = !before || score >= before.score || at - before.at > recentMs;
    if (isStronger) here.set(region, { region, reason, score, at });
  }

  #takeSeen(target: string): readonly Seen[] {
    const seen = [...(this.#seen.get(target)?.values() ?? [])];
    this.#seen.delete(target);
    return seen.filter(({ at }) => this.#now - at <= recentMs).sort((a, b) => a.at - b.at);
  }

  #chapterOf(entry: AuditEntry): Chapter {
    const key = `${aboutOf(entry)}@${entry.version ?? ''}`;
    const known = this.#chapters.get(key);
    if (known) return known;
    const chapter: Chapter = {
      key,
      proposer: '',
      verdicts: new Map(),
      told: new Set(),
      isDecided: false,
    };
    this.#chapters.set(key, chapter);
    const [oldest] = this.#chapters.keys();
    if (this.#chapters.size > chaptersMax && oldest !== undefined) this.#chapters.delete(oldest);
    return chapter;
  }

  #heading(chapter: Chapter, entry: AuditEntry): readonly string[] {
    if (this.#open === chapter.key) return [];
    this.#open = chapter.key;
    const { style } = this.#options;
    const isBeginning = entry.step === 'candidate' && this.#now > 0;
    const when = isBeginning ? recordedTime(this.#now) : '';
    const about = style('bold', aboutOf(entry));
    return ['', `${style('dim', when.padStart(margin - 2))}  ${about}`];
  }

  #wrapped(line: string): readonly string[] {
    const { style, columns } = this.#options;
    if (line.startsWith('  ')) return [' '.repeat(margin) + style('cyan', line)];
    const [, lead = '', rest = line] = leads.exec(line) ?? [];
    const tone = tones.find(([pattern]) => pattern.test(lead))?.[1];
    const text = tone ? style(tone, lead) + rest : line;
    return wrap(text, { width: columns(), first: margin, rest: margin + 2 });
  }
}

/** What the first words of a line look like. */
const leads = /^(\S+ (?:agrees|disagrees)|Decided|Done|Waits for a person|Rolled back)(.*)$/;
const tones = [
  [/disagrees|Rolled/, 'red'],
  [/agrees|Done/, 'green'],
  [/Decided/, 'bold'],
  [/Waits/, 'yellow'],
] as const;

/** What a line may ask of the story so far. */
interface Telling {
  seenAt(target: string): readonly Seen[];
  decidable(view: ProposalView): Decidable;
  decided(): void;
  waits(id: string, isWaiting: boolean): void;
  /** True the first time only: what needs to be explained once. */
  once(what: string): boolean;
}

type Teller = (told: Told, telling: Telling) => readonly string[];

const tellers: Readonly<Partial<Record<AuditStep, Teller>>> = {
  candidate: tellCandidate,
  counter: tellCounter,
  judgement: tellJudgement,
  certificate: tellCertificate,
  'dry-run': ({ entry }) =>
    entry.facts.verdict === 'fail' ? [`The dry-run fails: ${entry.reason}`] : [],
  gate: tellGate,
  approval: ({ entry }, telling) => {
    const isDenied = entry.facts.verdict === 'deny';
    if (isDenied) telling.waits(entry.decisionId ?? '', false);
    return [`${actorOf(entry)} ${isDenied ? 'denies' : 'approves'} it: ${entry.reason}`];
  },
  restored: ({ entry }) => [`${entry.region} puts it back: ${entry.reason}`],
  outcome: tellOutcome,
  stop: ({ entry }) => [`${actorOf(entry)} stops it: ${entry.reason}`],
  evidence: ({ entry }) => [`Evidence: ${entry.reason}`],
  'policy-alert': ({ entry }) => [`Policy alert: ${entry.reason}`],
};

function tellCandidate({ entry, view, chapter }: Told, telling: Telling): readonly string[] {
  const proposer = actorOf(entry);
  chapter.proposer = proposer;
  const seen = telling.seenAt(aboutOf(entry)).map(({ region, reason }) => {
    return `${region} sees an anomaly: ${reason}`;
  });
  const person = view?.manifest?.submittedBy;
  const who = person ? `${person} asks, through ${proposer},` : `${proposer} proposes`;
  return [...seen, `${who} to ${planOf(entry, view)}`];
}

function tellJudgement({ entry, chapter }: Told): readonly string[] {
  const { verdict } = entry.facts;
  if (verdict !== 'accept' && verdict !== 'reject') return [];
  const { region, reason, facts } = entry;
  const said: Verdict = verdict === 'accept' ? 'agrees' : 'disagrees';
  chapter.verdicts.set(region, said);
  const isOwn = said === 'agrees' && (isPlan(entry) || isFirst(region, facts.round, chapter));
  const isLate = chapter.isDecided;
  const line = `${region} ${said}: ${reason}`;
  if (isOwn || isLate || chapter.told.has(line)) return [];
  chapter.told.add(line);
  return [line];
}

/** Whoever proposes agrees with itself. */
function isFirst(region: string, round: unknown, { proposer }: Chapter): boolean {
  return round === 0 && region === proposer;
}

/** Whoever counters agrees with its own plan, in the plan's words. */
function isPlan(entry: AuditEntry): boolean {
  return entry.reason.startsWith(`${aboutOf(entry).split('/')[1]}: `);
}

function tellCounter({ entry, view, chapter }: Told): readonly string[] {
  const plan = planOf(entry, view);
  // One that comes too late changes nothing any more, and two may want the same.
  if (chapter.isDecided || chapter.told.has(plan)) return [];
  chapter.told.add(plan);
  return [`${actorOf(entry)} would rather ${plan}`];
}

function tellCertificate({ entry, view, chapter }: Told, telling: Telling): readonly string[] {
  chapter.isDecided = true;
  telling.decided();
  const signers = String(entry.facts.signers ?? '')
    .split(', ')
    .filter(Boolean);
  if (entry.facts.value === 'abort') {
    return [`Decided: do nothing. No proposal found a quorum, and ${list(signers)} signed that`];
  }
  const outvoted = signers.filter((name) => chapter.verdicts.get(name) === 'disagrees');
  const explanation =
    outvoted.length > 0 && telling.once('outvoted')
      ? [`(${list(outvoted)} was outvoted, and signs what the quorum decided)`]
      : [];
  const deed = deedOf(view);
  return [`Decided: ${deed}, signed by ${list(signers)} (${shortId(entry)})`, ...explanation];
}

function tellGate({ entry, view }: Told, telling: Telling): readonly string[] {
  const id = entry.decisionId ?? '';
  const isWaiting = entry.facts.waiting === true;
  telling.waits(id, isWaiting);
  if (!isWaiting || !view) return [];
  const { needs, names, approve } = telling.decidable(view);
  const until = String(entry.facts.expiresAt);
  return [
    `Waits for a person: ${list(reasonsOf(entry))}. ` +
      `Needs ${needs} (${list(names, 'or')}) by ${wallTime(until)}`,
    `  ${approve}`,
  ];
}

function tellOutcome({ entry, view }: Told, telling: Telling): readonly string[] {
  telling.waits(entry.decisionId ?? '', false);
  const { outcome, executor } = entry.facts;
  if (outcome === 'rolled-back') return [`Rolled back by ${executor}: ${entry.reason}`];
  if (outcome !== 'enacted') return [`Not done (${outcome}): ${entry.reason}`];
  const nobody = (view?.manifest?.gate.approvals.length ?? 0) === 0;
  const why =
    nobody && telling.once('alone')
      ? '. No person was asked: low impact, within what this tenant lets happen by itself'
      : '';
  return [`Done by ${executor}: ${deedOf(view)} (${entry.reason})${why}`];
}

/** `scale from 4 to 6 replicas, because …`: the rationale begins with the service it is about. */
function planOf(entry: AuditEntry, view: ProposalView | null): string {
  const rationale = view?.manifest?.rationale ?? '';
  const service = `${aboutOf(entry).split('/')[1]}: `;
  if (!rationale.startsWith(service)) return deedOf(view);
  return rationale.slice(service.length);
}
