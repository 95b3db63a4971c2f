/**
 * What two manifests would do differently, in the words of an operator. Left out is what differs
 * between any two manifests and tells nobody anything: nonces and digests of what was seen.
 */
import { describeAction, describeGate } from '#gateway/words.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';

export interface Difference {
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

export function differencesOf(from: Manifest, to: Manifest): Difference[] {
  const before = factsOf(from);
  const after = factsOf(to);
  return Object.keys(before).flatMap((field) => {
    const [a = '', b = ''] = [before[field], after[field]];
    return a === b ? [] : [{ field, from: a, to: b }];
  });
}

function factsOf(manifest: Manifest): Readonly<Record<string, string>> {
  const { gate, playbook, submittedBy, proposer } = manifest;
  return {
    action: describeAction(manifest.action),
    executor: manifest.executor,
    impact: manifest.impact,
    reversible: manifest.reversible ? 'yes' : 'no',
    playbook: `${playbook.id} ${playbook.version}`,
    'put forward by': submittedBy ?? proposer,
    confidence: `${Math.round(manifest.confidence * 100)} %`,
    'asks for': describeGate({
      approvals: gate.approvals,
      second_approver: gate.secondApprover,
      mfa: gate.mfa,
      reasons: gate.reasons,
    }),
    policy: manifest.policyHash,
    roster: manifest.rosterHash,
  };
}
