/**
 * I20: every step of every decision has an audit entry before its effect is visible, and the
 * log only grows.
 *
 * Effects that others can see: a certificate said, an own prevote said, a driver called. The
 * entries that must be on the region's own disk by then are listed here, step by step.
 */
import { equalBytes } from '#protocols/bytes.ts';
import { type Instance, instanceKey, nilValue } from '#protocols/ids.ts';
import type { AuditEntry, AuditStep } from '#protocols/messages/audit.ts';
import type { CheckContext, Checker } from './checker.ts';

/** What precedes a forward driver call, in the order of the decision. */
const beforeApply: readonly AuditStep[] = [
  'certificate',
  'dry-run',
  'gate',
  'released',
  'intent',
  'pre-state',
];

interface Log {
  readonly leaves: Uint8Array[];
  /** `step target@version`. */
  readonly steps: Set<string>;
}

interface Demand {
  /** Any one of them. */
  readonly steps: readonly AuditStep[];
  readonly instance: Pick<Instance, 'target' | 'version'>;
}

export function checkAudit({ report }: CheckContext): Checker {
  const logs = new Map<string, Log>();
  const logOf = (region: string): Log => {
    const log = logs.get(region) ?? { leaves: [], steps: new Set() };
    logs.set(region, log);
    return log;
  };
  const demand = (region: string, effect: string, on: Demand): void => {
    const { steps } = logOf(region);
    const key = instanceKey(on.instance);
    if (on.steps.some((step) => steps.has(`${step} ${key}`))) return;
    report(`${region} ${effect} ${key} without an entry ${on.steps.join(' or ')}`);
  };
  return {
    invariant: 'I20',
    see(happening) {
      const { region, type } = happening;
      if (type === 'entry.durable') {
        const objection = append(logOf(region), happening.entry, happening.bytes);
        if (objection) report(`${region} ${objection} ${happening.entry.seq}`);
      } else if (type === 'entry.removed') {
        report(`${region} removes ${happening.key}`);
      } else if (type === 'certificate.said') {
        const { instance } = happening.certificate;
        demand(region, 'shows a certificate of', { steps: ['certificate', 'journal'], instance });
      } else if (type === 'vote.said') {
        const { member, step, value, instance } = happening.vote;
        if (member !== region || step !== 'prevote' || value === nilValue) return;
        demand(region, 'prevotes on', { steps: ['judgement'], instance });
      } else if (type === 'apply.called') {
        for (const step of beforeApply) {
          demand(region, 'acts on', { steps: [step], instance: happening.enact });
        }
      }
    },
  };
}

/** What is wrong with the entry's place in the log, if anything. */
function append(log: Log, entry: AuditEntry, bytes: Uint8Array): string | null {
  const { seq, step, target, version } = entry;
  const known = log.leaves[seq];
  const isGap = seq > log.leaves.length;
  log.leaves[seq] = bytes.slice();
  if (target && version) log.steps.add(`${step} ${instanceKey({ target, version })}`);
  if (known && !equalBytes(known, bytes)) return 'rewrites entry';
  return isGap ? 'skips to entry' : null;
}
