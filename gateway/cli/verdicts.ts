/**
 * `quorate approve ID` and `quorate deny ID`: one person's verdict on exactly one decision.
 *
 * With the approver's key in the data folder, or named with --key, the verdict is signed here
 * and bound to everything it is about; otherwise the gateway signs for the authenticated
 * caller, which only a simulation accepts.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { openSigner, systemClock } from '#fabric/open.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { signEnvelope } from '#protocols/dsse.ts';
import { QuorateError } from '#protocols/errors.ts';
import type { Approval } from '#protocols/messages/approval.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type { ProposalStatus } from '#regions/node.ts';
import type { ProposalWire } from '../views/proposal.ts';
import { describeAction, describeGate } from '../words.ts';
import { type Cli, loadConfig, printJson } from './cli.ts';
import { approverNames } from './people.ts';
import {
  type Client,
  findDecision,
  openSession,
  type SessionOptions,
  withSessionOptions,
} from './session.ts';

interface Options extends SessionOptions {
  readonly as?: string;
  readonly key?: string;
  readonly reason?: string;
}

/** Approved, and not done yet. */
const underWay: ReadonlySet<string> = new Set<ProposalStatus>([
  'certified',
  'released',
  'enacting',
]);
const followUpLooks = 10;
const followUpMs = 200;

export function addVerdicts(program: Command, cli: Cli): void {
  for (const verdict of ['approve', 'deny'] as const) {
    const command = program
      .command(verdict)
      .description(`${verdict} one decision that waits`)
      .argument('<id>', 'the decision, by its id or the beginning of it')
      .option('--as <name>', 'who decides: an approver of the roster')
      .option('--key <file>', "the approver's key (default <data-dir>/approvers/<name>.pem)")
      .option('--reason <text>', 'why');
    withSessionOptions(command).action((id: string, options: Options) =>
      decide(cli, { id, verdict }, options),
    );
  }
}

async function decide(
  cli: Cli,
  what: { readonly id: string; readonly verdict: Approval['verdict'] },
  options: Options,
): Promise<void> {
  const { dataDir } = loadConfig(cli, options);
  const approver = options.as ?? onlyApprover(dataDir);
  const session = await openSession(cli, options, { subject: approver, roles: ['approver'] });
  const { client, proposal } = await findDecision(session, what.id);
  const reason = options.reason ?? `${what.verdict === 'approve' ? 'approved' : 'denied'} by hand`;
  const keyFile = options.key
    ? resolve(cli.cwd, options.key)
    : join(dataDir, 'approvers', `${approver}.pem`);
  const proof =
    options.key !== undefined || existsSync(keyFile)
      ? await signVerdict(proposal, { approver, verdict: what.verdict, reason }, keyFile)
      : null;
  await client.post(`/approve/${proposal.proposal_id}`, {
    verdict: what.verdict,
    approver,
    reason,
    ...(proof && { proof }),
  });
  const after = await followUp(client, proposal);
  const { proposal_id: proposalId, status, gate } = after;
  if (options.json) {
    printJson(cli, { proposal_id: proposalId, verdict: what.verdict, status, gate });
    return;
  }
  const action = proposal.manifest ? describeAction(proposal.manifest.action) : 'nothing';
  const isWaiting = status === 'pending-approval' && gate !== null;
  const left = isWaiting ? `; waits for ${describeGate(gate)}` : '';
  const did = what.verdict === 'approve' ? 'approved' : 'denied';
  cli.out(`${approver} ${did}: ${action} at ${proposal.target} (${status}${left})`);
}

/** The verdict is recorded; what follows from it shows a moment later, or not yet. */
async function followUp(client: Client, before: ProposalWire): Promise<ProposalWire> {
  let after = before;
  for (let look = 0; look < followUpLooks; look += 1) {
    after = (await client.get(`/proposals/${before.proposal_id}`)) as ProposalWire;
    const isOnItsWay = underWay.has(after.status);
    const isNews = after.status !== before.status || !isDeepStrictEqual(after.gate, before.gate);
    if (isNews && !isOnItsWay) return after;
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, followUpMs));
  }
  return after;
}

function onlyApprover(dataDir: string): string {
  const names = approverNames(dataDir);
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  const choice = names.length > 0 ? `: ${names.join(' or ')}` : '';
  throw new QuorateError('config', `say who decides with --as${choice}`, { field: '--as' });
}

/** Bound to decision, manifest, pre-state, policy and expiry; used once, by its nonce. */
async function signVerdict(
  proposal: ProposalWire,
  said: Pick<Approval, 'approver' | 'verdict' | 'reason'>,
  keyFile: string,
): Promise<Envelope> {
  const { manifest, digest, dry_run: dryRun, expires_at: expiresAt } = proposal;
  if (!manifest || !digest || !dryRun || !expiresAt) {
    throw new QuorateError('conflict', `this decision does not wait (it is ${proposal.status})`, {
      field: 'status',
    });
  }
  const approval: Approval = {
    type: 'approval/1',
    federation: manifest.federation,
    instance: {
      tenant: proposal.tenant_id,
      target: proposal.target,
      version: proposal.version,
    },
    decisionId: proposal.proposal_id,
    manifest: digest,
    preState: dryRun.pre_state_sha256,
    policyHash: manifest.policyHash,
    ...said,
    mfa: false,
    at: new Date(systemClock.now()).toISOString(),
    expiresAt,
    nonce: randomBytes(32).toString('hex'),
  };
  const signer = await openSigner(keyFile, { create: false });
  return signEnvelope('approval', canonicalBytes(approval), [signer]);
}
