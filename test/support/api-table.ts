/**
 * Every row of the HTTP contracts: what a route takes and what it answers. Tests walk it over a
 * running gateway; a row that is not served yet is reported, not forgotten.
 *
 * A key of an answer may lead deeper: `votes[].region` is the region of every vote.
 */

export type Shape = 'object' | 'list' | 'array' | 'text' | 'stream' | 'receipt' | 'any';

export interface ApiRow {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly status: number;
  readonly shape: Shape;
  /** What the body, or the query of a GET, may hold. */
  readonly takes: readonly string[];
  /** What the answer, or each item of a list, holds. */
  readonly keys: readonly string[];
  readonly isPublic: boolean;
}

interface Details {
  readonly status?: number;
  readonly shape?: Shape;
  /** Names with spaces between. */
  readonly takes?: string;
  readonly keys?: string;
  readonly isPublic?: boolean;
}

function row(route: string, details: Details): ApiRow {
  const [method = '', path = ''] = route.split(' ');
  const { status = 200, shape = 'object', takes = '', keys = '', isPublic = false } = details;
  return {
    method: method as ApiRow['method'],
    path,
    status,
    shape,
    takes: wordsOf(takes),
    keys: wordsOf(keys),
    isPublic,
  };
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter(Boolean);
}

const page = 'limit cursor';
const checks = { isPublic: true, keys: 'status checks' };
const votes = 'region round step verdict confidence reason at'
  .split(' ')
  .map((key) => `votes[].${key}`)
  .join(' ');
const proposal = [
  'proposal_id status impact dry_run score votes counters certificate gate executions',
  votes,
].join(' ');
const incident = 'incident_id signals origin risk_id recommendations proposals state';
const ruled = { keys: 'id' };

const observing: readonly ApiRow[] = [
  row('GET /health', { isPublic: true, keys: 'status backend mode version' }),
  row('GET /livez', checks),
  row('GET /readyz', { ...checks, keys: 'status checks[].name checks[].ok checks[].reason' }),
  row('GET /ready', { ...checks, keys: 'status checks[].name checks[].ok checks[].reason' }),
  row('GET /metrics', { isPublic: true, shape: 'text' }),
  row('POST /ingest', { status: 202, keys: 'status id accepted refused' }),
  row('POST /ingest/event', {
    status: 201,
    takes: 'tenant_id event severity service ts labels',
    keys: 'id',
  }),
  row('POST /ingest/remote-write', { shape: 'any' }),
  row('POST /ingest/alertmanager', { shape: 'any' }),
  row('POST /ingest/cloudevents', { shape: 'any' }),
  row('POST /ingest/otlp', { shape: 'any' }),
  row('POST /analyze', {
    takes: 'query prom_query series lookback labels method',
    keys: 'score method zscore ewma hint points',
  }),
  row('GET /signals', {
    shape: 'list',
    takes: `${page} since service severity`,
    keys: 'signal_id ts service region severity score method hint incident_id',
  }),
  row('GET /incidents', { shape: 'list', takes: page, keys: incident }),
  row('GET /incidents/{id}', { keys: incident }),
  row('GET /risk/{tenant}', {
    keys: `risk_id tenant_id security cost performance overall severity services contributions ts`,
  }),
];

const proposing: readonly ApiRow[] = [
  row('POST /score', {
    takes: 'proposal_id manifest',
    keys: 'confidence risk cost_estimate reversibility explanation',
  }),
  row('POST /recommend', {
    shape: 'array',
    takes: 'signal_id payload top',
    keys: 'playbook_id score confidence justification similar_runs',
  }),
  row('POST /propose', {
    takes: 'tenant_id context_id risk_id',
    keys: [
      'backend proposals[].action proposals[].target proposals[].params proposals[].rationale',
      'proposals[].risk_delta proposals[].cost_delta proposals[].required_approvals',
    ].join(' '),
  }),
  row('GET /workflows', { shape: 'list', takes: page }),
  row('GET /workflows/{id}', {}),
  row('POST /workflows/{id}/dry-run', {
    takes: 'target params',
    keys: 'verdict diff blast_radius cost_delta reasons',
  }),
  row('GET /templates', { shape: 'list', takes: page, keys: 'id action params_schema impact' }),
  row('POST /compose', {
    status: 201,
    takes: 'tenant_id context signal_ids template params consent',
    keys: 'manifest envelope digest impact dry_run',
  }),
  row('POST /proposals', {
    status: 202,
    takes: 'tenant_id manifest envelope metadata',
    keys: 'proposal_id digest pre_state_sha256 status',
  }),
  row('GET /proposals', { shape: 'list', takes: page, keys: proposal }),
  row('GET /proposals/{id}', { keys: proposal }),
  row('POST /proposals/{id}/enact', {
    status: 202,
    takes: 'dry_run approver_token',
    keys: 'exec_id',
  }),
  row('POST /negotiate', { status: 202, takes: 'proposal_id', keys: 'id deadline' }),
  row('GET /negotiate/{id}/status', { keys: 'state round votes quorum elapsed_ms remaining_ms' }),
];

const deciding: readonly ApiRow[] = [
  row('POST /request_approval', {
    status: 201,
    takes: 'exec_id proposal_id approver',
    keys: 'approval_id channels expires_at',
  }),
  row('POST /approve', { takes: 'token', keys: 'proposal_id verdict gate' }),
  row('POST /approve/{proposal_id}', {
    takes: 'verdict approver proof mfa reason',
    keys: 'proposal_id verdict gate',
  }),
  row('GET /pending/{tenant}', {
    shape: 'list',
    takes: page,
    keys: 'proposal_id impact missing digests diff expires_at',
  }),
  row('POST /orchestrate', {
    status: 202,
    takes: 'signal_id playbook_id params',
    keys: 'incident_id exec_id step',
  }),
  row('POST /execute', {
    status: 202,
    takes: 'action_plan action target replicas params dry_run approver_token',
    keys: 'exec_id dry_run proposal_id',
  }),
  row('GET /status/{exec_id}', {
    keys: 'state dry_run steps pre_sha256 post_sha256 approver justification log',
  }),
  row('POST /stop', { takes: 'action target reason envelope', keys: 'action' }),
  row('POST /agent/run', { status: 202, takes: 'signal telemetry', keys: 'run_id' }),
  row('GET /agent/status/{id}', { keys: 'id payload stage result ts' }),
  row('POST /snapshot/{proposal_id}', { status: 201, takes: 'when', keys: 'sha256 audit_seq' }),
  row('POST /rollback/{proposal_id}', {
    status: 202,
    takes: 'dry_run',
    keys: 'exec_id restores_sha256',
  }),
];

const proving: readonly ApiRow[] = [
  row('GET /audit/{id}', { shape: 'list', takes: page, keys: 'actor why digests inclusion' }),
  row('GET /audit/{id}/proof', { shape: 'receipt' }),
  row('GET /audit/head', { shape: 'text' }),
  row('GET /audit/log', { shape: 'list', takes: 'from', keys: 'actor why digests' }),
  row('POST /canary/run', { status: 202, takes: 'proposal_id dry_run', keys: 'canary_id' }),
  row('GET /canary/{id}/result', { keys: 'verdict stages metrics scorecard' }),
  row('POST /chaos/run', { status: 202, takes: 'spec spec_id', keys: 'run_id' }),
  row('GET /chaos/{id}/result', { keys: 'outcome probes restored receipt' }),
  row('POST /sim/run', { takes: 'scenario seed' }),
  row('GET /sim/{id}', {}),
  row('POST /learn', { keys: 'suggestions matrix' }),
  row('GET /cost/forecast/{tenant}', {
    takes: 'horizon',
    keys: ['currency points[].ts points[].mean points[].p80 points[].p95 rightsizing'].join(' '),
  }),
  row('GET /federation', {
    keys: 'epoch members[].id members[].state members[].lag members[].last_seen',
  }),
  row('POST /federation/register', {
    status: 202,
    takes: 'kind id public_key token',
    keys: 'state',
  }),
  row('POST /federation/{id}/accept', {}),
  row('POST /federation/{id}/heartbeat', {}),
  row('GET /alerts/policy', {
    shape: 'list',
    takes: page,
    keys: 'id policy subject decision mode at',
  }),
  row('GET /events', { shape: 'stream' }),
];

const governing: readonly ApiRow[] = [
  row('GET /api/metrics/current', { takes: 'start end' }),
  row('GET /api/metrics/latest', {}),
  row('GET /api/metrics/weekly', {}),
  row('GET /api/readiness/current', { keys: 'overall.blockers' }),
  row('GET /api/readiness/latest', { keys: 'overall.blockers' }),
  row('GET /api/readiness/score', {}),
  row('GET /api/circuit-breaker/events', { shape: 'any', takes: 'limit' }),
  row('GET /api/circuit-breaker/events/unresolved', { shape: 'any' }),
  row('POST /api/circuit-breaker/events/{id}/resolve', {}),
  row('GET /api/circuit-breaker/rules', { shape: 'any' }),
  row('GET /api/circuit-breaker/rules/enabled', { shape: 'any' }),
  row('PATCH /api/circuit-breaker/rules/{name}', {}),
  row('POST /api/governance/run-cycle', {}),
  row('GET /api/governance/reports', { shape: 'any', takes: 'limit' }),
  row('GET /api/governance/reports/latest', {}),
  row('GET /api/governance/reports/{id}', ruled),
  row('GET /api/governance/state', {}),
  row('GET /api/governance/proposals', { shape: 'any' }),
  row('POST /api/governance/proposals/{id}/approve', ruled),
  row('POST /api/governance/proposals/{id}/reject', ruled),
];

export const apiTable: readonly ApiRow[] = [
  ...observing,
  ...proposing,
  ...deciding,
  ...proving,
  ...governing,
];

/** `POST /approve/{}`: the same for a row and the route that serves it. */
export function routeKey(method: string, path: string): string {
  return `${method} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`;
}

/** The keys an answer lacks, with how deep it was looked for. */
export function lackingKeys(answer: unknown, { shape, keys }: ApiRow): readonly string[] {
  if (shape === 'list') {
    const { items, next } = answer as { items?: readonly unknown[]; next?: unknown };
    if (!Array.isArray(items) || next === undefined) return ['items', 'next'];
    return keys.filter((key) => !holds(items, ['[]', ...stepsOf(key)]));
  }
  const start = shape === 'array' ? ['[]'] : [];
  return keys.filter((key) => !holds(answer, [...start, ...stepsOf(key)]));
}

/** `votes[].region` -> `votes`, `[]`, `region` */
function stepsOf(key: string): readonly string[] {
  return key.replaceAll('[]', '.[]').split('.');
}

/** Every item of an array on the way must hold the rest, whatever the number of items. */
function holds(value: unknown, [step, ...rest]: readonly string[]): boolean {
  if (step === undefined) return true;
  if (step === '[]') return Array.isArray(value) && value.every((item) => holds(item, rest));
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return false;
  return holds((value as Readonly<Record<string, unknown>>)[step], rest);
}
