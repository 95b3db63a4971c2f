/**
 * The story on its way out: chapters for a person, JSON lines for a program, in the order of the
 * entries.
 *
 * Entries come before the federation is handed over and faster than their proposals are looked
 * up, so they wait in one line.
 */
import { systemClock } from '#fabric/open.ts';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import type { ProposalView, RegionEvent, RegionNode } from '#regions/node.ts';
import { createChapters } from './chapters.ts';
import { createNews, sentenceFor } from './narrate.ts';
import type { Decidable } from './people.ts';
import type { Screen } from './screen.ts';

type Facts = Readonly<Record<string, unknown>>;

export interface Story {
  readonly isForPeople: boolean;
  hear(event: RegionEvent): void;
  /** One line of JSON with its text; only where a program reads. */
  say(text: string, facts?: Facts): void;
  /** Lines as they are; only where a person reads. */
  show(lines: readonly string[]): void;
  /** From here on entries can be told: their proposals can be looked up. */
  begin(regions: readonly RegionNode[]): void;
  /** Resolves once everything heard is told. */
  told(): Promise<void>;
  /** Nothing moves any more: the line at the end goes. */
  rest(): void;
}

const looksMax = 10;
const lookAgainMs = 10;

export function createStory(screen: Screen, decidable: (view: ProposalView) => Decidable): Story {
  const isNews = createNews();
  const isForPeople = screen.isTerminal;
  const begun = Promise.withResolvers<readonly RegionNode[]>();
  let line: Promise<void> = Promise.resolve();
  const say = (text: string, facts: Facts = {}) => {
    if (!isForPeople) screen.write(JSON.stringify({ ...facts, text }));
  };
  const show = (lines: readonly string[]) => {
    if (isForPeople) for (const one of lines) screen.write(one);
  };
  let isResting = false;
  const chapters = chapterWriter(screen, decidable);
  const sentences = sentenceWriter(say);
  const tell = async (entry: AuditEntry) => {
    const region = (await begun.promise).find(({ id }) => id === entry.region);
    if (!isNews(entry)) return;
    const view = region && entry.decisionId ? await proposalOf(region, entry) : null;
    if (!isForPeople) sentences(entry, view);
    else {
      const status = chapters(entry, view);
      if (!isResting) screen.status(status);
    }
  };
  return {
    isForPeople,
    say,
    show,
    hear({ entry }) {
      // A region that has closed meanwhile cannot be asked; the story goes on without it.
      line = line.then(() => tell(entry)).catch(() => {});
    },
    begin: (regions) => begun.resolve(regions),
    async told() {
      let before: Promise<void> | null = null;
      while (before !== line) {
        before = line;
        await before;
      }
    },
    rest() {
      isResting = true;
      screen.status('');
    },
  };
}

/** Writes what an entry adds to the story, and returns where the story is. */
function chapterWriter(screen: Screen, decidable: (view: ProposalView) => Decidable) {
  const { style } = screen;
  const chapters = createChapters({ columns: () => screen.columns, style, decidable });
  return (entry: AuditEntry, view: ProposalView | null): string => {
    for (const line of chapters.tell(entry, view)) screen.write(line);
    return chapters.status();
  };
}

function sentenceWriter(say: Story['say']) {
  return (entry: AuditEntry, view: ProposalView | null): void => {
    const text = sentenceFor(entry, view);
    if (text === null) return;
    const { at, region, step, tenant, target, decisionId: proposalId, facts } = entry;
    say(text, { at, region, step, tenant, target, proposalId, facts });
  };
}

/** An entry is told the moment it is durable; the book of decisions follows a moment later. */
async function proposalOf(region: RegionNode, entry: AuditEntry): Promise<ProposalView | null> {
  for (let look = 0; look < looksMax; look += 1) {
    const view = await region.proposal(entry.tenant, entry.decisionId ?? '');
    if (view?.manifest || entry.facts.value === 'abort') return view;
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, lookAgainMs));
  }
  return null;
}
