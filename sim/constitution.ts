/**
 * The founding documents of a simulated federation: epoch, roster, policy, signed playbooks.
 *
 * People: `alice` operates, `bob` and `dana` approve, `carol` stops things (the region signs for
 * her). Tenants take phases in turn: some act by themselves within limits, others wait for people.
 */
import { shippedPlaybooks } from '#agents/negotiator/playbooks.ts';
import { digestOf, toHex } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { signatureRule } from '#protocols/crypto.ts';
import { signEnvelope } from '#protocols/dsse.ts';
import type { Envelope } from '#protocols/messages/envelope.ts';
import type {
  ApproverRow,
  Epoch,
  FaultModel,
  Phase,
  Policy,
  Roster,
} from '#protocols/messages/epoch.ts';
import { policyDigest, rosterDigest } from '#protocols/redaction.ts';
import { Seed } from './seed.ts';
import { type SignerKind, simLogSigner, simSigner } from './signer.ts';

export const federation = 'sim';

export interface Founding {
  readonly epoch: Epoch;
  readonly roster: Roster;
  readonly policy: Policy;
  readonly playbooks: readonly Envelope[];
  /** In order, the regions. */
  readonly regions: readonly string[];
  readonly tenants: readonly string[];
  readonly targets: readonly string[];
}

export interface FoundingOptions {
  readonly regions: number;
  readonly tenants: number;
  readonly faultModel: FaultModel;
  readonly signer: SignerKind;
  readonly seed: number;
}

const regionNames = ['east', 'west', 'north', 'south', 'up', 'down', 'left', 'right', 'center'];
const tenantPhases: readonly Phase[] = ['L3+', 'L3', 'L4'];
const services = ['api', 'db'];
/** Beyond the end of any world. */
const notAfter = '2030-01-01T00:00:00.000Z';

export function found(options: FoundingOptions): Founding {
  const regions = Array.from(
    { length: options.regions },
    (_, index) => regionNames[index] ?? `region-${index}`,
  ).sort();
  const tenants = Array.from({ length: options.tenants }, (_, index) => `tenant-${index + 1}`);
  const targets = tenants.flatMap((tenant) => services.map((service) => `${tenant}/${service}`));
  const envelopes = shippedPlaybooks.map((playbook) => {
    const bytes = canonicalBytes({ ...playbook, signedBy: 'bob' });
    return signEnvelope('playbook', bytes, [simSigner(options.signer, 'bob')]);
  });
  const seed = new Seed(options.seed).fork('founding');
  const salt = () => toHex(seed.bytes(32));
  const roster = rosterOf(options.signer, { tenants, regions, salt });
  const policy = policyOf({ tenants, regions, salt });
  const epoch: Epoch = {
    type: 'epoch/1',
    federation,
    epoch: 1,
    previous: null,
    faultModel: options.faultModel,
    signatureRule,
    members: regions.map((id) => memberOf(options.signer, id)),
    roster: rosterDigest(roster),
    policy: policyDigest(policy),
    notAfter,
    previousAcceptedSeconds: 0,
  };
  return { epoch, roster, policy, playbooks: envelopes, regions, tenants, targets };
}

function memberOf(kind: SignerKind, id: string): Epoch['members'][number] {
  const log = simLogSigner(kind, id);
  return {
    id,
    publicKey: simSigner(kind, id).publicKey,
    logKey: log.publicKey,
    logKeyMlDsa44: log.publicKeyMlDsa44,
  };
}

interface Salted {
  readonly tenants: readonly string[];
  readonly regions: readonly string[];
  /** A fresh one each time. */
  salt(): string;
}

function rosterOf(kind: SignerKind, { tenants, regions, salt }: Salted): Roster {
  const rowsOf = (id: string) =>
    tenants.map((tenant) => ({
      tenant,
      id,
      publicKey: simSigner(kind, id).publicKey,
      salt: salt(),
    }));
  const person = (id: string, roles: ApproverRow['roles']) =>
    rowsOf(id).map((row) => ({ ...row, roles }));
  return {
    type: 'roster/1',
    version: 1,
    approvers: [
      ...person('alice', ['operator']),
      ...person('bob', ['approver', 'org-admin']),
      ...person('dana', ['approver', 'org-admin']),
    ],
    stopKeys: regions.flatMap(rowsOf),
  };
}

function policyOf({ tenants, regions, salt }: Salted): Policy {
  return {
    type: 'policy/1',
    version: 1,
    tenants: tenants.map((id, index) => ({
      id,
      phase: tenantPhases[index % tenantPhases.length] ?? 'L3',
      targets: services.map((service, position) => ({
        target: `${id}/${service}`,
        home: regions[(index + position) % regions.length] ?? 'east',
      })),
      salt: salt(),
    })),
    playbooks: shippedPlaybooks.map((playbook) => ({
      id: playbook.id,
      version: playbook.version,
      digest: digestOf(canonicalBytes({ ...playbook, signedBy: 'bob' })),
      signedBy: 'bob',
    })),
    limits: {
      scaleHighRiskFactor: 3,
      // Short, because a world lasts minutes and should see many decisions.
      cooldownSeconds: 0,
      enactmentsPerHour: 1000,
      concurrentEnactments: 4,
      approvalTtlSeconds: 20,
      retentionDays: 7,
      confidenceMin: 0.5,
    },
    actionsAllowed: ['scale', 'restart', 'rollback', 'rotate-keys', 'failover', 'rightsize'],
  };
}
