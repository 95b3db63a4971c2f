/**
 * Effects, joined: one input may fire several rules, and the host acts on all of them at once.
 *
 * Pure.
 */
import type { BallotEffects, BallotState, BallotStep } from './state.ts';

export const noEffects: BallotEffects = {
  persist: false,
  votes: [],
  certify: null,
  repeat: [],
  quorums: [],
  bodies: [],
  want: [],
  judge: [],
  evidence: [],
};

/** A step that changes nothing in the world outside. */
export function quietly(state: BallotState): BallotStep {
  return { state, effects: noEffects };
}

/** The effects of two consecutive steps of one ballot. */
export function joinEffects(first: BallotEffects, second: BallotEffects): BallotEffects {
  if (first === noEffects) return second;
  if (second === noEffects) return first;
  return {
    persist: first.persist || second.persist,
    votes: [...first.votes, ...second.votes],
    certify: second.certify ?? first.certify,
    repeat: [...first.repeat, ...second.repeat],
    quorums: [...first.quorums, ...second.quorums],
    bodies: [...new Set([...first.bodies, ...second.bodies])],
    want: [...first.want, ...second.want],
    judge: [...first.judge, ...second.judge],
    evidence: [...first.evidence, ...second.evidence],
  };
}
