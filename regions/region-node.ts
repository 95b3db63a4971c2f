/**
 * A running region as its gateway, the CLI and tests see it: regions/node.ts over region.ts.
 *
 * Everything here is scoped: an id of another tenant is not found.
 */
import { required } from '#protocols/assert.ts';
import { digestOf, fromUtf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { QuorateError } from '#protocols/errors.ts';
import { decisionId } from '#protocols/ids.ts';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { type DecisionRecord, statusOf } from './decisions.ts';
import type {
  Caller,
  HealthCheck,
  ProposalRequest,
  ProposalView,
  RegionNode,
  VerdictRequest,
} from './node.ts';
import type { RegionCore } from './region.ts';
import { viewOf } from './views.ts';

const settledPollMs = 50;

export function regionNode(core: RegionCore): RegionNode {
  return { ...whoOf(core), ...decisionsOf(core), ...evidenceOf(core) };
}

type Who = 'id' | 'federation' | 'mode' | 'tenants' | 'checks' | 'counts' | 'settled' | 'close';
type Verbs = 'submit' | 'proposals' | 'proposal' | 'pending' | 'approve' | 'stop';

function whoOf(core: RegionCore): Pick<RegionNode, Who> {
  const { id, federation, mode, constitution } = core.context;
  return {
    id,
    federation,
    mode,
    tenants: () => constitution.policy.tenants.map((tenant) => tenant.id),
    checks: () => checksOf(core),
    counts: (since) => (since === 'start' ? core.countsOfThisRun : core.counts).totals(),
    settled: () => settled(core),
    close: () => core.close(),
  };
}

function decisionsOf(core: RegionCore): Pick<RegionNode, Verbs> {
  const { ports, decisions } = core.context;
  const view = (record: DecisionRecord) =>
    viewOf(record, { decisions, host: core.host, store: ports.store });
  return {
    submit: (caller, request) => submit(core, caller, request, view),
    proposals: async (tenant, { limit, cursor }) => {
      const { ids, next } = decisions.page(tenant, limit, cursorOf(cursor));
      const items = await Promise.all(ids.flatMap((one) => decisions.get(one) ?? []).map(view));
      return { items, next: next > 0 ? String(next) : null };
    },
    proposal: async (tenant, proposalId) => {
      const record = find(core, tenant, proposalId);
      return record ? view(record) : null;
    },
    pending: async (tenant) => {
      const waiting = [...decisions.underWay()].filter(
        (one) => one.instance.tenant === tenant && statusOf(one) === 'pending-approval',
      );
      return Promise.all(waiting.map(view));
    },
    approve: (caller, request) => approve(core, caller, request, view),
    stop: (caller, request) => core.stops.order(caller, request),
  };
}

function evidenceOf(core: RegionCore): Omit<RegionNode, Who | Verbs> {
  const { ledger } = core.context;
  return {
    risk: (tenant) => core.relay.risk(tenant),
    signals: (tenant, limit) => newestSignals(core, tenant, limit),
    audit: async (tenant, proposalId) => {
      const record = find(core, tenant, proposalId);
      return record ? core.receipts.entriesOf(record) : [];
    },
    receipt: async (tenant, proposalId) => {
      const record = find(core, tenant, proposalId);
      return record ? core.receipts.of(record) : null;
    },
    checkpoint: async () => core.receipts.checkpoint(),
    auditHead: () => ledger.head(),
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

function checksOf(core: RegionCore): readonly HealthCheck[] {
  const standing = core.host.standing();
  const degraded = core.actors.degraded();
  const named = degraded.map(({ tenant, agent }) => `${tenant}/${agent}`).join(', ');
  return [
    { name: 'voting', ok: standing.voting, reason: standing.reason },
    {
      name: 'agents',
      ok: degraded.length === 0,
      reason: named === '' ? 'all tenants run' : `stopped after failures: ${named}`,
    },
  ];
}

async function newestSignals(
  core: RegionCore,
  tenant: string,
  limit: number,
): Promise<readonly Signal[]> {
  const signals: Signal[] = [];
  const prefix = `signal/${tenant}/`;
  for await (const [, bytes] of core.context.ports.store.scan({ prefix })) {
    signals.push(JSON.parse(fromUtf8(bytes)) as Signal);
  }
  return signals.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, limit);
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
