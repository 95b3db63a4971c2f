/**
 * The execution side of a receipt: dry-run, gate, approvals, enactment, and the order of steps.
 *
 * Pure.
 */
import { digestOf } from '../bytes.ts';
import { canonicalBytes } from '../canonical.ts';
import { type Refusal, refuse, within } from '../checked.ts';
import { openDocument } from '../dsse.ts';
import { memberByKey } from '../epochs/epoch.ts';
import { type Approver, isGateFilled } from '../gate.ts';
import { instanceKey } from '../ids.ts';
import type { Approval } from '../messages/approval.ts';
import type { AuditEntry, AuditStep } from '../messages/audit.ts';
import type { DryRun, Enactment } from '../messages/enactment.ts';
import type { ApproverRow } from '../messages/epoch.ts';
import type { Role } from '../messages/manifest.ts';
import type { Receipt } from '../messages/receipt.ts';
import { approverIn } from '../redaction.ts';
import type { ReceiptContext } from './context.ts';
import { checkCovered, checkShown, entriesNaming, entryOf } from './log.ts';

/** The steps of an execution, in the order the log must have them where it has them. */
const stepOrder: readonly AuditStep[] = [
  'certificate',
  'dry-run',
  'released',
  'intent',
  'pre-state',
  'applied',
  'post-state',
  'outcome',
];
/** Outcomes of decisions that were acted on. */
const acted: readonly Enactment['outcome'][] = ['enacted', 'rolled-back'];
/** Roles whose denial counts: who may approve something may deny anything. */
const denierRoles: readonly Role[] = ['approver', 'org-admin', 'federation-admin'];
/** What may be logged of an instance under another decision id, or none: what lost, and why. */
const instanceSteps: readonly AuditStep[] = [
  'candidate',
  'counter',
  'proposal',
  'judgement',
  'evidence',
];

export function checkDryRun(context: ReceiptContext): Refusal | null {
  const { receipt } = context;
  const { dryRun } = receipt;
  if (!dryRun) return checkAbsent(context, 'dryRun', 'dry-run');
  return (
    checkCovered(receipt, 'dryRun', { step: 'dry-run', name: 'dryRun', document: dryRun }) ??
    checkExecuted(context, 'dryRun', dryRun)
  );
}

export function checkGate(context: ReceiptContext): Refusal | null {
  const { gate } = context.receipt;
  if (!gate) return checkAbsent(context, 'gate', 'gate');
  if (!context.manifest) return refuse('gate', 'ABORT has no gate');
  return checkCovered(context.receipt, 'gate', { step: 'gate', name: 'gate', document: gate });
}

/** Whether every approval is in the log, entitled and bound to exactly this decision. */
export function checkApprovals(context: ReceiptContext): Refusal | null {
  const { receipt } = context;
  const nonces = new Set<string>();
  for (const [index, envelope] of receipt.approvals.entries()) {
    const at = `approvals.${index}`;
    const claim = { step: 'approval', name: 'approval', document: envelope } as const;
    const uncovered = checkCovered(receipt, at, claim);
    if (uncovered) return uncovered;
    const opened = openDocument(envelope, 'approval', context.verifier);
    if (!opened.ok) return within(at, opened);
    const approval = opened.document;
    const wrong = checkBinding(context, approval) ?? checkAuthor(context, approval, opened.signers);
    if (wrong) return within(at, wrong);
    if (nonces.has(approval.nonce)) return refuse(`${at}.payload.nonce`, 'used twice');
    nonces.add(approval.nonce);
  }
  const shown = { step: 'approval', name: 'approval', documents: receipt.approvals } as const;
  return checkShown(receipt, 'approvals', shown);
}

export function checkEnactment(context: ReceiptContext): Refusal | null {
  const { receipt, manifest } = context;
  const { enactment } = receipt;
  if (!enactment) return checkAbsent(context, 'enactment', 'outcome');
  const claim = { step: 'outcome', name: 'enactment', document: enactment } as const;
  const wrong =
    checkCovered(receipt, 'enactment', claim) ?? checkExecuted(context, 'enactment', enactment);
  if (wrong || !acted.includes(enactment.outcome)) return wrong;
  if (manifest?.targets.length !== 1) {
    return refuse('manifest.targets', 'several targets need a certificate each');
  }
  const { dryRun } = receipt;
  if (dryRun?.verdict !== 'pass') return refuse('dryRun', 'acted on without a passed dry-run');
  return checkStates(context, enactment, dryRun) ?? checkReleased(context, enactment);
}

/** Whether each entry belongs to this decision, and the steps came in their order. */
export function checkSteps(context: ReceiptContext): Refusal | null {
  const { receipt } = context;
  for (const [index, { entry }] of receipt.entries.entries()) {
    const wrong = checkBelongs(context, entry);
    if (wrong) return within(`entries.${index}.entry`, wrong);
  }
  let rank = -1;
  const seen = new Set<AuditStep>();
  for (const [index, { entry }] of receipt.entries.entries()) {
    const at = stepOrder.indexOf(entry.step);
    if (at < 0 || seen.has(entry.step)) continue;
    seen.add(entry.step);
    if (at < rank) return refuse(`entries.${index}.entry.step`, `${entry.step} came too late`);
    rank = at;
  }
  return null;
}

/** A document may be left out only when the log has none. */
function checkAbsent({ receipt }: ReceiptContext, field: string, step: AuditStep): Refusal | null {
  return entryOf(receipt, step) ? refuse(field, `the log has a ${step}`) : null;
}

/** A dry-run or an enactment is of this decision, by the executor that the manifest names. */
function checkExecuted(
  { receipt, manifest }: ReceiptContext,
  at: string,
  document: DryRun | Enactment,
): Refusal | null {
  if (!manifest) return refuse(at, 'ABORT is not executed');
  const { federation, decisionId, executor, instance } = document;
  if (federation !== receipt.federation) return refuse(`${at}.federation`, 'another federation');
  if (decisionId !== receipt.decisionId) return refuse(`${at}.decisionId`, 'another decision');
  if (!isSameInstance(instance, receipt.instance)) return refuse(`${at}.instance`, 'another one');
  return executor === manifest.executor ? null : refuse(`${at}.executor`, 'not the named executor');
}

/** A denial need only name the decision: refusing is always safe. */
function checkBinding({ receipt, manifest }: ReceiptContext, approval: Approval): Refusal | null {
  if (!manifest) return refuse('', 'ABORT is not approved');
  const bound = {
    federation: receipt.federation,
    decisionId: receipt.decisionId,
    ...(approval.verdict === 'approve' && {
      manifest: receipt.certificate.value,
      preState: receipt.dryRun?.preState,
      policyHash: manifest.policyHash,
    }),
  };
  for (const [name, value] of Object.entries(bound)) {
    if (approval[name as keyof typeof bound] !== value) {
      return refuse(`payload.${name}`, 'not bound to this decision');
    }
  }
  if (!isSameInstance(approval.instance, receipt.instance)) {
    return refuse('payload.instance', 'not bound to this decision');
  }
  const proposers = [manifest.proposer, manifest.submittedBy];
  if (approval.verdict === 'deny' || !proposers.includes(approval.approver)) return null;
  return refuse('payload.approver', 'the proposer approves nothing');
}

/** Signed by the approver's own key or, in a crash federation, by a member that knows them. */
function checkAuthor(
  { receipt, epoch }: ReceiptContext,
  approval: Approval,
  signers: readonly string[],
): Refusal | null {
  const person = approverOf(receipt, approval.approver);
  if (!person) return refuse('payload.approver', 'not an approver of this tenant');
  const isEntitled = (key: string) =>
    key === person.publicKey ||
    (epoch.faultModel === 'crash' && memberByKey(epoch, key) !== undefined);
  return signers.every(isEntitled) ? null : refuse('signatures', 'not a key of the approver');
}

function approverOf({ roster, instance }: Receipt, id: string): ApproverRow | null {
  return roster ? approverIn(roster, { id, tenant: instance.tenant }) : null;
}

/** What was there before and after, as the log, the dry-run and the report have it. */
function checkStates(
  { receipt }: ReceiptContext,
  enactment: Enactment,
  dryRun: DryRun,
): Refusal | null {
  const { preState, postState, outcome } = enactment;
  if (preState !== dryRun.preState) {
    return refuse('enactment.preState', 'not the state that was approved');
  }
  if (outcome === 'rolled-back' && postState !== preState) {
    return refuse('enactment.postState', 'a rollback leads back to the state before');
  }
  for (const [index, { entry }] of receipt.entries.entries()) {
    const logged = entry.digests.preState;
    if (entry.step === 'pre-state' && logged !== preState) {
      return refuse(`entries.${index}.entry.digests.preState`, 'not that of the enactment');
    }
  }
  const after = receipt.entries
    .map(({ entry }) => entry)
    .filter(({ step }) => step === 'post-state' || step === 'restored');
  const last = after.at(-1)?.digests.postState;
  if (after.length === 0 || last === postState) return null;
  return refuse('enactment.postState', 'not the state that the log has');
}

/** Whether people had released the act: enough of them, in time, and nobody against it. */
function checkReleased(context: ReceiptContext, enactment: Enactment): Refusal | null {
  const { receipt, manifest } = context;
  const intent = entryOf(receipt, 'intent');
  const isExecutor = receipt.region === manifest?.executor;
  if (isExecutor && (!intent || !entryOf(receipt, 'pre-state'))) {
    return refuse('entries', 'the executor acted without an intent or a pre-state');
  }
  const startedAt = intent?.at ?? enactment.startedAt;
  if (!manifest || startedAt === undefined) return refuse('enactment.startedAt', 'missing');
  if (startedAt >= manifest.notAfter) return refuse('enactment', 'started after notAfter');
  const people = new Map<string, Approver>();
  for (const [index, envelope] of receipt.approvals.entries()) {
    const opened = openDocument(envelope, 'approval', context.verifier);
    if (!opened.ok) return within(`approvals.${index}`, opened);
    const { approver, verdict, mfa, expiresAt, at } = opened.document;
    const roles = approverOf(receipt, approver)?.roles ?? [];
    const isInTime = intent ? isBefore(context, envelope, intent) : at <= startedAt;
    if (!isInTime) continue;
    if (verdict === 'approve') {
      if (expiresAt > startedAt && !people.has(approver)) people.set(approver, { roles, mfa });
    } else if (roles.some((role) => denierRoles.includes(role))) {
      return refuse(`approvals.${index}`, 'acted on against a denial');
    }
  }
  if (isGateFilled(manifest.gate, [...people.values()])) return null;
  return refuse('approvals', 'not all that the gate asks for');
}

/** Whether the log has the approval before the intent. */
function isBefore({ receipt }: ReceiptContext, envelope: unknown, intent: AuditEntry): boolean {
  const digest = digestOf(canonicalBytes(envelope));
  const [entry] = entriesNaming(receipt, { steps: ['approval'], name: 'approval', digest });
  return entry !== undefined && entry.seq < intent.seq;
}

function checkBelongs({ receipt }: ReceiptContext, entry: AuditEntry): Refusal | null {
  const { instance } = receipt;
  if (entry.tenant !== instance.tenant) return refuse('tenant', 'of another tenant');
  // That those are shown and named by a manifest is checked with the evidence.
  if (entry.step === 'signal' || entry.step === 'risk') return null;
  if (entry.target !== undefined && entry.target !== instance.target) {
    return refuse('target', 'of another target');
  }
  if (entry.version !== undefined && entry.version !== instance.version) {
    return refuse('version', 'of another version');
  }
  if (entry.decisionId === receipt.decisionId) return null;
  const isOfInstance = entry.target !== undefined && entry.version !== undefined;
  if (isOfInstance && instanceSteps.includes(entry.step)) return null;
  return refuse('decisionId', 'of another decision');
}

function isSameInstance(a: Approval['instance'], b: Approval['instance']): boolean {
  return a.tenant === b.tenant && instanceKey(a) === instanceKey(b);
}
