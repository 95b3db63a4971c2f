/**
 * Audit entries in words, and where they stand on the way of a decision.
 */

import type { AuditStep } from '#protocols/messages/audit.ts';
import type { Tone } from '../../lib/tones.ts';

const names: Readonly<Record<AuditStep, string>> = {
  'region.started': 'region started',
  'region.stopped': 'region stopped',
  signal: 'anomaly found',
  risk: 'risk scored',
  candidate: 'put forward',
  counter: 'counter-proposal',
  proposal: 'proposed',
  judgement: 'judged',
  certificate: 'certified',
  journal: 'journal changed',
  'dry-run': 'dry-run',
  gate: 'gate checked',
  approval: 'verdict of a person',
  released: 'released',
  intent: 'intent recorded',
  'pre-state': 'state before',
  applied: 'applied',
  'post-state': 'state after',
  restored: 'put back',
  outcome: 'outcome',
  stop: 'stopped',
  evidence: 'evidence of misconduct',
  'policy-alert': 'policy alert',
};

export type StepPhase = 'observe' | 'decide' | 'gate' | 'act' | 'alarm' | 'system';

const phases: Readonly<Record<AuditStep, StepPhase>> = {
  'region.started': 'system',
  'region.stopped': 'system',
  signal: 'observe',
  risk: 'observe',
  candidate: 'decide',
  counter: 'decide',
  proposal: 'decide',
  judgement: 'decide',
  certificate: 'decide',
  journal: 'system',
  'dry-run': 'gate',
  gate: 'gate',
  approval: 'gate',
  released: 'gate',
  intent: 'act',
  'pre-state': 'act',
  applied: 'act',
  'post-state': 'act',
  restored: 'act',
  outcome: 'act',
  stop: 'alarm',
  evidence: 'alarm',
  'policy-alert': 'alarm',
};

export function stepName(step: AuditStep): string {
  return names[step];
}

export function stepPhase(step: AuditStep): StepPhase {
  return phases[step];
}

/** `person:alice` is a person, `agent:ballot` a part of the region. */
export function actorName(actor: string): { readonly kind: string; readonly name: string } {
  const colon = actor.indexOf(':');
  return { kind: actor.slice(0, Math.max(colon, 0)), name: actor.slice(colon + 1) };
}

/** Facts as short pairs; empty ones say nothing, and digests stand with the digests. */
export function factsOf(
  facts: Readonly<Record<string, unknown>>,
): readonly (readonly [name: string, value: string])[] {
  return Object.entries(facts)
    .filter(([, value]) => value !== '' && value !== null)
    .map(([name, value]) => [spaced(name), valueText(value)] as const);
}

/** `postState` -> `post state` */
export function spaced(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function valueText(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const text = String(value);
  return /^(?:sha256:)?[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 19)}…` : text;
}

/** What a person may paste: a decision or incident id, or a link to one. */
export function idIn(text: string): string | null {
  return /(?:^|[^0-9a-f])([0-9a-f]{64})(?:$|[^0-9a-f])/.exec(text.trim())?.[1] ?? null;
}

const tones: Readonly<Record<StepPhase, Tone>> = {
  observe: 'calm',
  decide: 'info',
  gate: 'warn',
  act: 'good',
  alarm: 'bad',
  system: 'calm',
};

export function phaseTone(phase: StepPhase): Tone {
  return tones[phase];
}
