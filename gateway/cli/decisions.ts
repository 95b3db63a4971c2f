/**
 * `quorate decisions [ID]`: what was decided, how each region voted, and what waits.
 */
import { type Command, Option } from 'commander';
import type { ProposalStatus } from '#regions/node.ts';
import type { ProposalWire } from '../views/proposal.ts';
import { describeAction, describeGate } from '../words.ts';
import { type Cli, printJson } from './cli.ts';
import {
  findDecision,
  openSession,
  proposalsOf,
  type SessionOptions,
  withSessionOptions,
} from './session.ts';

interface Options extends SessionOptions {
  readonly limit: string;
  readonly status?: string;
}

const statuses: readonly ProposalStatus[] = [
  'negotiating',
  'certified',
  'pending-approval',
  'released',
  'enacting',
  'enacted',
  'rolled-back',
  'void',
  'denied',
  'expired',
  'superseded',
  'aborted',
  'failed',
  'lost',
];

export function addDecisions(program: Command, cli: Cli): void {
  const command = program
    .command('decisions')
    .description('what was decided, how regions voted, what waits')
    .argument('[id]', 'one decision, by its id or the beginning of it')
    .option('--limit <n>', 'how many a tenant', '20')
    .addOption(new Option('--status <status>', 'only those with this status').choices(statuses));
  withSessionOptions(command).action(async (id: string | undefined, options: Options) => {
    const session = await openSession(cli, options, { subject: 'operator', roles: ['viewer'] });
    if (id !== undefined) {
      const { proposal } = await findDecision(session, id);
      if (options.json) printJson(cli, proposal);
      else for (const line of detailOf(proposal)) cli.out(line);
      return;
    }
    const items: ProposalWire[] = [];
    for (const client of session.clients) {
      let left = Number(options.limit);
      for await (const proposal of proposalsOf(client)) {
        if (options.status !== undefined && proposal.status !== options.status) continue;
        if (left <= 0) break;
        left -= 1;
        items.push(proposal);
      }
    }
    if (options.json) printJson(cli, { items });
    else if (items.length === 0) cli.note('no decisions yet');
    else for (const proposal of items) cli.out(lineOf(proposal));
  });
}

function lineOf(proposal: ProposalWire): string {
  return [
    proposal.proposal_id.slice(0, 12),
    proposal.status.padEnd(16),
    proposal.target.padEnd(24),
    proposal.manifest ? describeAction(proposal.manifest.action) : 'abort: do nothing',
    votesOf(proposal),
  ].join('  ');
}

/** `eu-west accept, us-east reject` */
function votesOf(proposal: ProposalWire): string {
  const verdicts = new Map<string, string>();
  for (const vote of proposal.votes) {
    if (vote.verdict) verdicts.set(vote.region, vote.verdict);
  }
  return [...verdicts].map(([region, verdict]) => `${region} ${verdict}`).join(', ');
}

function detailOf(proposal: ProposalWire): string[] {
  const { manifest, dry_run: dryRun, gate } = proposal;
  return [
    `decision ${proposal.proposal_id}`,
    `  ${proposal.target} version ${proposal.version}: ${proposal.status}`,
    manifest
      ? `  ${describeAction(manifest.action)}, ${manifest.impact} impact: ${manifest.rationale}`
      : '  abort: do nothing',
    ...proposal.votes
      .filter((vote) => vote.verdict)
      .map(
        (vote) =>
          `  ${vote.region} said ${vote.verdict} in round ${vote.round}` +
          ` (confidence ${vote.confidence?.toFixed(2)}): ${vote.reason}`,
      ),
    ...proposal.counters.map(
      ({ region, manifest: counter }) =>
        `  ${region} would rather ${describeAction(counter.action)}`,
    ),
    ...(dryRun ? [`  dry-run: ${dryRun.verdict} ${dryRun.reasons.join('; ')}`] : []),
    ...(gate && proposal.status === 'pending-approval'
      ? [`  waits for ${describeGate(gate)} until ${proposal.expires_at}`]
      : []),
    ...proposal.approvals.map(({ approver, verdict, reason }) => {
      const did = verdict === 'approve' ? 'approved' : 'denied';
      return `  ${approver} ${did} it: ${reason}`;
    }),
    ...proposal.executions.map(({ executor, outcome, reason }) => {
      return `  ${executor}: ${outcome}: ${reason}`;
    }),
  ];
}
