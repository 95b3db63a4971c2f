/**
 * Composes manifests: one template an action, filled from what the region hands in.
 *
 * The template says what the action does in words and carries the playbook's promises; which
 * action, impact and gate apply was computed before, from the same observed state. Nothing is
 * looked up here, so the same input is the same manifest, byte for byte.
 *
 * Pure.
 */
import { isReversible } from '#agents/governance/policies/impact.ts';
import { assert } from '#protocols/assert.ts';
import { serviceOf } from '#protocols/ids.ts';
import type { Impact } from '#protocols/messages/common.ts';
import type {
  Action,
  ActionKind,
  Gate,
  Manifest,
  PlaybookRef,
} from '#protocols/messages/manifest.ts';
import type { Risk } from '#protocols/messages/risk.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';

export interface ComposeInput {
  readonly federation: string;
  readonly epoch: number;
  readonly tenant: string;
  readonly target: string;
  readonly version: number;
  readonly executor: string;
  readonly proposer: string;
  readonly action: Action;
  readonly observed: TargetState;
  /** Of the observed state, for the action. */
  readonly preState: string;
  readonly playbook: PlaybookRef;
  readonly gate: Gate;
  readonly impact: Impact;
  readonly policyHash: string;
  readonly rosterHash: string;
  /** RFC 3339. */
  readonly notAfter: string;
  /** 64 hex digits. */
  readonly nonce: string;
  /** The risk that asks for it; null when a person does. */
  readonly risk: Risk | null;
  readonly confidence: number;
  /** Why, in words: an intent's reason, or what the person wrote. */
  readonly reason: string;
}

const signalsMax = 32;
const rationaleMax = 2000;

type Words<K extends ActionKind> = (
  action: Extract<Action, { kind: K }>,
  observed: TargetState,
) => string;

/** What each action does, as a sentence. */
const templates: { readonly [K in ActionKind]: Words<K> } = {
  scale: ({ replicas }, observed) => `scale from ${observed.replicas} to ${replicas} replicas`,
  restart: ({ generation }) => `restart it (restart number ${generation - 1})`,
  rollback: ({ release }, observed) => `go back from release ${observed.release} to ${release}`,
  'rotate-keys': ({ keyVersion }) => `replace its key by version ${keyVersion}, for good`,
  failover: ({ toRegion }, observed) => `move it from ${observed.activeRegion} to ${toRegion}`,
  rightsize: ({ cpuMillis, memoryMib }, observed) =>
    `shrink it from ${observed.cpuMillis}m CPU and ${observed.memoryMib} MiB ` +
    `to ${cpuMillis}m and ${memoryMib} MiB`,
  resume: ({ generation }) => `lift the stop (generation ${generation})`,
};

export function composeManifest(input: ComposeInput): Manifest {
  const { action, observed, risk, target } = input;
  assert(observed.target === target, 'the observed state is the target of the manifest');
  const seen = (risk?.contributions ?? [])
    .filter((one) => one.service === serviceOf(target))
    .flatMap((one) => one.signalId ?? []);
  const signalIds = [...new Set(seen)].toSorted().slice(0, signalsMax);
  return {
    type: 'manifest/1',
    federation: input.federation,
    epoch: input.epoch,
    tenant: input.tenant,
    targets: [{ target, version: input.version }],
    playbook: input.playbook,
    action,
    executor: input.executor,
    impact: input.impact,
    reversible: isReversible(action.kind),
    notAfter: input.notAfter,
    policyHash: input.policyHash,
    rosterHash: input.rosterHash,
    gate: input.gate,
    preState: input.preState,
    proposer: input.proposer,
    rationale: rationaleOf(input),
    confidence: input.confidence,
    ...(risk && { riskId: risk.riskId }),
    signalIds,
    nonce: input.nonce,
  };
}

function rationaleOf({ action, observed, target, reason }: ComposeInput): string {
  const what = describeAction(action, observed);
  return `${serviceOf(target)}: ${what}, because ${reason}`.slice(0, rationaleMax);
}

/** What the action does to the state, as a sentence without its end. */
export function describeAction(action: Action, observed: TargetState): string {
  // TypeScript cannot see that the kind picks the template of that very kind.
  const words = templates[action.kind] as Words<ActionKind>;
  return words(action, observed);
}
