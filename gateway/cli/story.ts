/**
 * The story on its way out: sentences for a person, JSON lines for a program, in the order of
 * the entries.
 *
 * Entries come before the federation is handed over and faster than their proposals are looked
 * up, so they wait in one line.
 */
import { systemClock } from '#fabric/open.ts';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import type { ProposalView, RegionEvent, RegionNode } from '#regions/node.ts';
import type { Cli } from './cli.ts';
import { createNarrator } from './narrate.ts';

export interface Story {
  hear(event: RegionEvent): void;
  say(sentence: string, facts?: Readonly<Record<string, unknown>>): void;
  /** From here on entries can be told: their proposals can be looked up. */
  begin(regions: readonly RegionNode[]): void;
  /** Resolves once everything heard is told. */
  told(): Promise<void>;
}

const looksMax = 10;
const lookAgainMs = 10;

export function createStory(cli: Cli, { json }: { readonly json: boolean }): Story {
  const narrator = createNarrator();
  const write = json ? cli.note : cli.out;
  const isForPeople = json ? cli.isErrorTerminal : cli.isTerminal;
  const begun = Promise.withResolvers<readonly RegionNode[]>();
  let line: Promise<void> = Promise.resolve();
  const say = (sentence: string, facts: Readonly<Record<string, unknown>> = {}) =>
    write(isForPeople ? sentence : JSON.stringify({ ...facts, text: sentence }));
  const tell = async (entry: AuditEntry) => {
    const region = (await begun.promise).find(({ id }) => id === entry.region);
    const view = region && entry.decisionId ? await proposalOf(region, entry) : null;
    const sentence = narrator.tell(entry, view);
    if (sentence === null) return;
    const { at, step, tenant, target, decisionId, facts } = entry;
    say(sentence, {
      at,
      region: entry.region,
      step,
      tenant,
      target,
      proposalId: decisionId,
      facts,
    });
  };
  return {
    say,
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
