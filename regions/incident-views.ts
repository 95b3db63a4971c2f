/** Signals and incidents as operators see them: the read side of regions/incidents.ts. */
import { originOf, type Sighting } from '#agents/observer/correlate.ts';
import { fromUtf8 } from '#protocols/bytes.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import type { Signal } from '#protocols/messages/signal.ts';
import { type DecisionRecord, isOpen, statusOf } from './decisions.ts';
import { isOver, type KeptIncident } from './incidents.ts';
import type { IncidentView, PageOf, PageRequest, SignalFilter } from './node.ts';
import type { RegionCore } from './region.ts';

export async function signalsPage(
  core: RegionCore,
  tenant: string,
  { limit, cursor }: PageRequest,
  filter: SignalFilter,
): Promise<PageOf<Signal>> {
  const after = cursor === undefined ? null : placeOf(cursor);
  const found = core.log.incidents.signals(tenant, { limit: limit + 1, after }, filter);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: await signalsOf(core, shown),
    next: found.length > limit && last ? `${last.at}.${last.signalId}` : null,
  };
}

export async function incidentsPage(
  core: RegionCore,
  tenant: string,
  { limit, cursor }: PageRequest,
): Promise<PageOf<IncidentView>> {
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
  if (!Number.isSafeInteger(before)) throw notACursor();
  const found = core.log.incidents.incidents(tenant, limit + 1, before);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: await Promise.all(shown.map((kept) => incidentView(core, tenant, kept))),
    next: found.length > limit && last ? String(last.number) : null,
  };
}

export async function incidentView(
  core: RegionCore,
  tenant: string,
  kept: KeptIncident,
): Promise<IncidentView> {
  const { incident, riskId } = kept;
  const { incidentId, sightings, from, to } = incident;
  const oldestFirst = sightings.toSorted((a, b) => a.at - b.at);
  const proposals = proposalsOf(core, tenant, kept);
  const { telemetry } = core;
  const mayGrow = !telemetry.ended && !isOver(incident, telemetry.upTo);
  const isUnderWay = proposals.some((one) => isOpen(one) || statusOf(one) === 'negotiating');
  return {
    incidentId,
    tenant,
    state: mayGrow || isUnderWay ? 'open' : 'closed',
    origin: originOf(incident),
    services: [...new Set(oldestFirst.map(({ service }) => service))],
    signals: await signalsOf(core, oldestFirst),
    riskId,
    recommendations: recommendationsOf(proposals),
    proposals: proposals.map(({ decisionId }) => decisionId),
    openedAt: new Date(from).toISOString(),
    updatedAt: new Date(to).toISOString(),
  };
}

/** The entries of an incident's signals, risk and decisions, in the order of the log. */
export async function incidentEntries(
  core: RegionCore,
  tenant: string,
  kept: KeptIncident,
): Promise<readonly AuditEntry[]> {
  const { ledger } = core.context;
  const names = [...kept.incident.sightings.map(({ signalId }) => signalId), kept.riskId ?? ''];
  const own = await Promise.all(names.map((name) => ledger.entriesOf(name)));
  const records = proposalsOf(core, tenant, kept);
  const theirs = await Promise.all(records.map((record) => core.receipts.entriesOf(record)));
  const bySeq = new Map([...own, ...theirs].flat().map((entry) => [entry.seq, entry]));
  const { size } = ledger.head();
  return [...bySeq.values()].filter(({ seq }) => seq < size).sort((a, b) => a.seq - b.seq);
}

/** Decisions that name its signals or its risk as their reason, oldest first. */
function proposalsOf(
  core: RegionCore,
  tenant: string,
  { incident, riskId }: KeptIncident,
): readonly DecisionRecord[] {
  const { decisions } = core.context;
  const names = [...incident.sightings.map(({ signalId }) => signalId), riskId ?? ''];
  const found = new Map(
    names.flatMap((name) => decisions.basedOn(name)).map((one) => [one.decisionId, one]),
  );
  const openedAt = ({ instance }: DecisionRecord) =>
    core.log.histories.get(instance)?.openedAt ?? 0;
  return [...found.values()]
    .filter(({ instance }) => instance.tenant === tenant)
    .sort((a, b) => openedAt(a) - openedAt(b) || (a.decisionId < b.decisionId ? -1 : 1));
}

/** The playbooks put forward, each at its most confident. */
function recommendationsOf(records: readonly DecisionRecord[]): IncidentView['recommendations'] {
  const best = new Map<string, IncidentView['recommendations'][number]>();
  for (const { manifest } of records) {
    if (!manifest) continue;
    const { playbook, confidence, rationale } = manifest;
    if (confidence <= (best.get(playbook.id)?.confidence ?? -1)) continue;
    best.set(playbook.id, { playbookId: playbook.id, confidence, justification: rationale });
  }
  return [...best.values()].sort((a, b) => b.confidence - a.confidence);
}

async function signalsOf(core: RegionCore, found: readonly Sighting[]): Promise<Signal[]> {
  const { store } = core.context.ports;
  const documents = await Promise.all(
    found.map(({ tenant, signalId }) => store.get(`signal/${tenant}/${signalId}`)),
  );
  return documents.flatMap((bytes) => (bytes ? [JSON.parse(fromUtf8(bytes)) as Signal] : []));
}

function placeOf(cursor: string): { readonly at: number; readonly signalId: string } {
  const [, at, signalId] = /^(-?\d{1,15})\.([0-9a-f]{64})$/.exec(cursor) ?? [];
  if (at === undefined || signalId === undefined) throw notACursor();
  return { at: Number(at), signalId };
}

function notACursor(): QuorateError {
  return new QuorateError('invalid-input', 'not a cursor of this list', { field: 'cursor' });
}
