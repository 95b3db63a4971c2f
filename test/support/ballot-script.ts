/**
 * Ballots as prose: a script of sentences, each followed by what the regions make of it.
 *
 *   Regions a b c d, byzantine faults; d lies.
 *   a puts X forward.                       4 ticks pass.        2 ticks pass at b.
 *   b hears a.                              b misses a.          everyone hears a.
 *   b accepts X.                            b rejects X.         b crashes and restarts.
 *   d tells b: prevote X in round 0.
 *
 * Lines that start with # are for the reader, indented ones are the answer: votes cast, then
 * the regions whose state changed. `run` gives the script back with the answers as they are.
 */
import { required } from '#protocols/assert.ts';
import type { BallotState } from '#protocols/ballot/state.ts';
import type { SignedVote, VoteStep } from '#protocols/messages/ballot.ts';
import { accept, nameOf, reject, valueNamed, vote } from './ballot.ts';
import { openWorld, type World } from './ballot-world.ts';

type Words = Readonly<Record<string, string>>;
interface Sentence {
  readonly pattern: RegExp;
  act(world: World, words: Words): void;
}

const verbs: Readonly<Record<string, string>> = {
  candidate: 'puts forward',
  proposal: 'proposes',
  prevote: 'prevotes',
  precommit: 'precommits',
};

const sentences: readonly Sentence[] = [
  {
    pattern: /^(?<who>\w+) puts (?<value>\w+) forward\.$/,
    act: (world, { who = '', value = '' }) =>
      world.tell(who, { type: 'put-forward', value: valueNamed(value), judgement: accept }),
  },
  {
    pattern: /^(?<who>\w+) (?<verb>accepts|rejects) (?<value>\w+)\.$/,
    act: (world, { who = '', verb, value = '' }) => {
      const judgement = verb === 'accepts' ? accept : reject;
      world.tell(who, { type: 'judged', value: valueNamed(value), judgement });
    },
  },
  {
    pattern: /^(?<who>\w+) (?<verb>hears|misses) (?<from>\w+)\.$/,
    act: (world, { who = '', verb, from = '' }) => {
      const to = who === 'everyone' ? world.honest : [who];
      for (const one of to) take(world, { to: one, from, isHeard: verb === 'hears' });
    },
  },
  {
    pattern: /^(?<count>\d+) ticks? pass(?:es)?(?: at (?<who>\w+))?\.$/,
    act: (world, { count, who }) => {
      const regions = who ? [who] : world.honest;
      for (let tick = 0; tick < Number(count); tick += 1) {
        for (const region of regions) world.tell(region, { type: 'tick' });
      }
    },
  },
  {
    pattern: /^(?<who>\w+) crashes and restarts\.$/,
    act: (world, { who = '' }) => world.crash(who),
  },
  {
    pattern: /^(?<from>\w+) tells (?<to>\w+): (?<step>\w+) (?<value>\w+) in round (?<round>\d+)\.$/,
    act: (world, { from = '', to = '', step = '', value = '', round }) => {
      const said = vote(from, step as VoteStep, Number(round), valueNamed(value));
      world.lie(to, { from, votes: [said] });
      take(world, { to, from, isHeard: true });
    },
  },
];

/** The script with its answers brought up to date. */
export function run(script: string): string {
  const lines = script.split('\n').filter((line) => !line.startsWith('  '));
  let world: World | null = null;
  const told = lines.flatMap((line) => {
    if (line === '' || line.startsWith('#')) return [line];
    const opened = opening(line);
    if (opened) {
      world = opened;
      return [line];
    }
    return [line, ...answersTo(required(world, 'a script begins with its regions'), line)];
  });
  return told.join('\n');
}

function opening(line: string): World | null {
  const pattern =
    /^Regions (?<names>[\w ]+), (?<model>crash|byzantine) faults(?:; (?<liar>\w+) lies)?\.$/;
  const words = pattern.exec(line)?.groups;
  if (!words) return null;
  return openWorld({
    members: (words.names ?? '').split(' '),
    faultModel: words.model === 'byzantine' ? 'byzantine' : 'crash',
    liars: words.liar ? [words.liar] : [],
    judge: () => accept,
    limits: { deadlineTicks: 40, repeatTicksMin: 1_000 },
  });
}

function answersTo(world: World, line: string): readonly string[] {
  const before = new Map(world.honest.map((member) => [member, describe(world.stateOf(member))]));
  const castBefore = world.cast.length;
  const match = sentences
    .map(({ pattern, act }) => ({ words: pattern.exec(line)?.groups, act }))
    .find(({ words }) => words);
  if (!match?.words) throw new Error(`no such sentence: ${line}`);
  match.act(world, match.words);
  const votes = world.cast.slice(castBefore).map(describeVote);
  const states = world.honest
    .filter((member) => describe(world.stateOf(member)) !== before.get(member))
    .map((member) => describe(world.stateOf(member)));
  return [...votes, ...states].map((answer) => `    ${answer}`);
}

/** Delivers or loses all that is on its way from one region to the other. */
function take(
  world: World,
  { to, from, isHeard }: { readonly to: string; readonly from: string; readonly isHeard: boolean },
): void {
  const next = () =>
    world.network.findIndex((sent) => sent.to === to && sent.message.from === from);
  for (let index = next(); index >= 0; index = next()) {
    if (isHeard) world.deliver(index);
    else world.lose(index);
  }
}

function describeVote({ member, step, round, value, judgement }: SignedVote): string {
  const dissent = judgement?.verdict === 'reject' ? ', rejecting' : '';
  return `${member} ${verbs[step]} ${nameOf(value)} in round ${round}${dissent}`;
}

function describe({ config, round, phase, locked, valid, decided, accused }: BallotState): string {
  const at = (name: string, place: { readonly round: number; readonly value: string } | null) =>
    place ? [`${name} ${nameOf(place.value)}@${place.round}`] : [];
  const facts = [`round ${round}`, phase, ...at('locked', locked), ...at('valid', valid)];
  const guilty = accused.size > 0 ? [`accuses ${[...accused].join(' ')}`] : [];
  return `${config.self}: ${[...facts, ...at('decided', decided), ...guilty].join(', ')}`;
}
