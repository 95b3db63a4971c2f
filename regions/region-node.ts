/**
 * A running region as its gateway, the CLI and tests see it: regions/node.ts over region.ts.
 *
 * Everything here is scoped: an id of another tenant is not found.
 */
import { required } from '#protocols/assert.ts';
import { digestOf } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { QuorateError } from '#protocols/errors.ts';
import { decisionId } from '#protocols/ids.ts';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import { checksOf } from './checks.ts';
import type { DecisionRecord } from './decisions.ts';
import { incidentEntries, incidentsPage, incidentView, signalsPage } from './incident-views.ts';
import { federationView } from './members.ts';
import type { Caller, ProposalRequest, ProposalView, RegionNode, VerdictRequest } from './node.ts';
import type { RegionCore } from './region.ts';
import { viewOf } from './views.ts';

const settledPollMs = 50;

export function regionNode(core: RegionCore): RegionNode {
  return { ...whoOf(core), ...decisionsOf(core), ...beliefsOf(core), ...evidenceOf(core) };
}

type Who =
  | 'id'
  | 'federation'
  | 'mode'
  | 'tenants'
  | 'checks'
  | 'counts'
  | 'members'
  | 'remember'
  | 'recall'
  | 'settled'
  | 'close';
type Verbs = 'submit' | 'proposals' | 'proposal' | 'pending' | 'approve' | 'stop' | 'stops';
type Beliefs = 'risk' | 'signals' | 'incidentOf' | 'incidents' | 'incident';

function whoOf(core: RegionCore): Pick<RegionNode, Who> {
  const { id, federation, mode, constitution } = core.context;
  return {
    id,
    federation,
    mode,
    tenants: () => constitution.policy.tenants.map((tenant) => tenant.id),
    checks: () => checksOf(core),
    counts: (since) => (since === 'start' ? core.countsOfThisRun : core.log.counts).totals(),
    members: () => federationView(core),
    remember: (key, fact, until) => core.facts.remember(key, fact, until),
    recall: (key) => core.facts.recall(key),
    settled: () => settled(core),
    close: () => core.close(),
  };
}

function decisionsOf(core: RegionCore): Pick<RegionNode, Verbs> {
  const { decisions } = core.context;
  const view = (record: DecisionRecord) => viewOf(core, record);
  return {
    submit: (caller, request) => submit(core, caller, request, view),
    proposals: async (tenant, { limit, cursor }, filter) => {
      const page = { limit, before: cursorOf(cursor) };
      const { records, next } = decisions.page(tenant, page, filter);
      const items = await Promise.all(records.map(view));
      return { items, next: next === null ? null : String(next) };
    },
    proposal: async (tenant, proposalId) => {
      const record = find(core, tenant, proposalId);
      return record ? view(record) : null;
    },
    pending: (tenant) => Promise.all(decisions.pending(tenant).map(view)),
    approve: (caller, request) => approve(core, caller, request, view),
    stop: (caller, request) => core.stops.order(caller, request),
    stops: (tenant) => core.stops.inForce(tenant),
  };
}

function beliefsOf(core: RegionCore): Pick<RegionNode, Beliefs> {
  return {
    risk: (tenant) => core.relay.risk(tenant),
    signals: (tenant, page, filter) => signalsPage(core, tenant, page, filter ?? {}),
    incidentOf: (tenant, signalId) => core.log.incidents.incidentOf(tenant, signalId),
    incidents: (tenant, page) => incidentsPage(core, tenant, page),
    incident: async (tenant, incidentId) => {
      const kept = core.log.incidents.incident(tenant, incidentId);
      return kept && incidentView(core, tenant, kept);
    },
  };
}

function evidenceOf(core: RegionCore): Omit<RegionNode, Who | Verbs | Beliefs> {
  const { ledger } = core.context;
  return {
    entries: (tenant, from, limit) => ledger.entriesOfTenant(tenant, from, limit),
    audit: async (tenant, id) => {
      const record = find(core, tenant, id);
      if (record) return core.receipts.entriesOf(record);
      const kept = core.log.incidents.incident(tenant, id);
      return kept ? incidentEntries(core, tenant, kept) : [];
    },
    receipt: async (tenant, proposalId) => {
      const record = find(core, tenant, proposalId);
      return record ? core.receipts.of(record) : null;
    },
    checkpoint: async () => core.receipts.checkpoint(),
    auditHead: () => ledger.head(),
    inclusion: (seq, size) => ledger.inclusion(seq, size),
    verifyAudit: async () => {
      const verified = await ledger.verify();
      const reason = 'the stored entries give another root';
      return verified.ok ? verified : { ...verified, reason };
    },
    subscribe: (listener) => ledger.subscribe((entry: AuditEntry) => listener({ entry })),
  };
}

function find(core: RegionCore, tenant: string, proposalId: string): DecisionRecord | null {
  const record = core.context.decisions.get(proposalId);
  return record?.instance.tenant === tenant ? record : null;
}

type View = (record: DecisionRecord) => Promise<ProposalView>;

async function submit(
  core: RegionCore,
  caller: Caller,
  request: ProposalRequest,
  view: View,
): Promise<ProposalView> {
  const { host, composer, context } = core;
  const standing = host.standing();
  if (!standing.voting) {
    throw new QuorateError('not-ready', `this region does not vote: ${standing.reason}`, {
      retryable: true,
    });
  }
  const { manifest, judgement } = await composer.request(caller, request);
  const [first] = manifest.targets;
  const instance = { tenant: manifest.tenant, ...required(first, 'a manifest has a target') };
  const bytes = canonicalBytes(manifest);
  const result = await host.putForward({ instance, bytes, judgement, counter: false });
  if (!result.ok) {
    throw new QuorateError('conflict', `not put forward: ${result.reason}`, { retryable: true });
  }
  const value = digestOf(bytes);
  const at = context.ports.clock.now();
  context.decisions.propose({ instance, value, counter: false }, bytes, at);
  const record = context.decisions.get(decisionId(context.federation, instance, value));
  return view(required(record, 'a proposal that was put forward is in the book'));
}

async function approve(
  core: RegionCore,
  caller: Caller,
  request: VerdictRequest,
  view: View,
): Promise<ProposalView> {
  await core.documents.submit(caller, request);
  const record = core.context.decisions.get(request.proposalId);
  return view(required(record, 'a decision that was approved is in the book'));
}

/** Looks again and again: what settles a region are events of many parts. */
async function settled(core: RegionCore): Promise<void> {
  const { clock } = core.context.ports;
  while (!core.isSettled()) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, settledPollMs));
  }
}

function cursorOf(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  const before = Number(cursor);
  if (Number.isSafeInteger(before) && before >= 0) return before;
  throw new QuorateError('invalid-input', 'not a cursor of this list', { field: 'cursor' });
}
