/**
 * Configuration: one schema, filled once from flags > environment > file > defaults, checked,
 * frozen and passed down. Nothing else reads the environment.
 *
 * Every default says why it is that number. Unknown keys and contradictions stop the start.
 */
import Type, { type Static } from 'typebox';
import { Name } from '#protocols/messages/common.ts';
import { FaultModel } from '#protocols/messages/epoch.ts';
import { configError, refuseContradictions, refuseUnusable } from './config-checks.ts';
import { fabricFields } from './config-fabric.ts';
import { expectationOf, type Field, fieldsOf, isValid } from './config-fields.ts';
import { type ConfigSources, collect, type Given } from './config-sources.ts';
import { type Secret, secretOf } from './secret.ts';

const closed = { additionalProperties: false } as const;

function count(value: number, description: string, minimum = 1, maximum = 10_000_000) {
  return Type.Integer({ default: value, minimum, maximum, description });
}

function outside(variable: string, description: string) {
  return Type.Optional(
    Type.String({ minLength: 1, variables: [variable], unused: true, description }),
  );
}

function outsideSecret(variable: string, description: string) {
  return Type.Optional(
    Type.String({ minLength: 1, variables: [variable], unused: true, secret: true, description }),
  );
}

const Limits = Type.Object(
  {
    mailboxEventsMax: count(
      10_000,
      'Events waiting for one tenant. A burst of thousands of anomalies must fit.',
    ),
    turnInputsMax: count(
      4096,
      'Inputs of one turn. Large turns share one signature; a turn message holds 4,096 votes.',
      1,
      4096,
    ),
    ballotsOpenMax: count(
      1024,
      'Ballots open at once. With the votes of 64 members each, some tens of MiB.',
    ),
    manifestTtlMs: count(
      3_600_000,
      'Milliseconds until a manifest expires: the approval TTL of 30 minutes and as much again.',
      1000,
    ),
    checkpointBatches: count(
      48,
      'Telemetry batches between two durable offsets: what a restart replays at most.',
    ),
    rememberedMax: count(
      10_000,
      'Facts of one kind kept: idempotency keys or ended sessions of a tenant. About 10 MiB each.',
    ),
    auditPageMax: count(1000, 'Audit entries in one answer: about 1 MiB of JSON.', 1, 10_000),
    pageDefault: count(50, 'Items of a list when the caller does not say: one screen.', 1, 1000),
    pageMax: count(
      200,
      'Items of a list at most: a proposal with its votes is about 5 KiB.',
      1,
      1000,
    ),
    bodyBytesMax: count(
      1_048_576,
      'Bytes of a request body. Far above the largest manifest, far below what hurts.',
      1024,
      67_108_864,
    ),
    requestTimeoutMs: count(
      10_000,
      'Milliseconds to receive a request: five times the orchestration budget of 2 s.',
      100,
      600_000,
    ),
    connectionsMax: count(1024, 'Open HTTP connections, the common limit of file descriptors.'),
    drainMs: count(
      5000,
      'Milliseconds for requests under way when stopping; service managers kill after 10 s.',
      0,
      600_000,
    ),
    eventStreamsMax: count(512, 'Event streams open at once: half of all connections.'),
    eventStreamsPerSubjectMax: count(16, 'Event streams of one caller: a tab of the console each.'),
    eventBufferBytesMax: count(
      262_144,
      'Bytes written to an event stream before it must take them, and of recent entries a tenant.',
      4096,
      67_108_864,
    ),
    eventKeepAliveMs: count(
      15_000,
      'Milliseconds between signs of life of an event stream; proxies give up after 30 s or more.',
      100,
      600_000,
    ),
    tokenTtlMaxSeconds: count(
      86_400,
      'Longest life of a token the local issuer signs: it cannot be revoked, so a day.',
      60,
      31_536_000,
    ),
    loginTtlSeconds: count(
      600,
      'Life of a login link: time to copy it from a terminal, and no more.',
      10,
      86_400,
    ),
    sessionTtlSeconds: count(
      43_200,
      'Life of a console session: a working day. Logging out ends it at once.',
      60,
      2_592_000,
    ),
    requestsPerMinuteMax: count(
      60_000,
      'Requests a minute of one caller in one tenant: far above what a person or a script needs.',
    ),
    publicRequestsPerMinuteMax: count(
      30_000,
      'Requests a minute without a token from one address; probes and metrics are not counted.',
    ),
    failedLoginsPerMinuteMax: count(
      3000,
      'Refused tokens a minute from one address. Tokens cannot be guessed; this bounds the work.',
    ),
    callersCountedMax: count(
      10_000,
      'Callers and addresses whose requests are counted at once, about 100 bytes each.',
    ),
    idempotencyTtlSeconds: count(
      86_400,
      'How long an answer is kept for a repeated Idempotency-Key: a day of retries.',
      60,
      2_592_000,
    ),
    idempotencyAnswerBytesMax: count(
      65_536,
      'Bytes of an answer kept for a repeat; of a longer one only that it was given.',
      1024,
      1_048_576,
    ),
  },
  closed,
);

export const ConfigSchema = Type.Object(
  {
    mode: Type.Union([Type.Literal('simulation'), Type.Literal('production')], {
      default: 'simulation',
      description: [
        'In simulation only the mock driver acts, so the default harms nothing.',
        'ENV (production) and SIMULATION_MODE (true or false) set it too.',
      ].join(' '),
    }),
    host: Type.String({
      default: '127.0.0.1',
      minLength: 1,
      maxLength: 255,
      variables: ['HOST'],
      description: 'Where the gateway listens. Loopback: nobody else gets in unless told so.',
    }),
    port: Type.Integer({
      default: 8080,
      minimum: 0,
      maximum: 65_535,
      variables: ['PORT'],
      description: 'The gateway port; 0 takes any free one.',
    }),
    dataDir: Type.String({
      default: './var',
      minLength: 1,
      path: true,
      description: 'The data folder: stores, keys, trust root, receipts. One process at a time.',
    }),
    logLevel: Type.Union(
      [
        Type.Literal('debug'),
        Type.Literal('info'),
        Type.Literal('warn'),
        Type.Literal('error'),
        Type.Literal('silent'),
      ],
      {
        default: 'warn',
        variables: ['LOG_LEVEL'],
        description:
          'What the log says. The narration tells the story, so only trouble by default.',
      },
    ),
    federation: Type.String({
      ...Name,
      default: 'demo',
      expected: 'a name: lower-case letters, digits and hyphens',
      description: 'The name of the federation; part of everything that is signed.',
    }),
    regions: Type.Array(Name, {
      default: ['eu-west', 'us-east', 'ap-south'],
      minItems: 1,
      maxItems: 64,
      expected: 'a list of 1 to 64 region names (comma-separated in a variable or flag)',
      description: 'The regions of the embedded federation. Three survive the loss of one.',
    }),
    faultModel: Type.Union(FaultModel.anyOf, {
      default: 'crash',
      description: 'crash: members may stop. byzantine: members may lie; needs four regions.',
    }),
    decisionTimeoutMs: Type.Integer({
      default: 30_000,
      minimum: 100,
      maximum: 3_600_000,
      variables: ['PHASE_I4_DECISION_TIMEOUT_MS'],
      description: 'After this a ballot may end in ABORT: the budget of a decision.',
    }),
    metricsPrefix: Type.String({
      default: 'quorate_',
      pattern: '^[a-z][a-z0-9_]{0,31}$',
      description: 'What the names of all metrics begin with.',
    }),
    ...fabricFields,
    limits: Limits,
    jwks: Type.Optional(
      Type.String({
        minLength: 1,
        variables: ['JWKS'],
        expected: 'a path or an https URL',
        description:
          "The key set (JWKS) of an identity provider; without it the data folder's own issuer.",
      }),
    ),
    jwtIssuer: Type.Optional(
      Type.String({
        minLength: 1,
        variables: ['JWT_ISSUER'],
        description: 'The issuer that its tokens name.',
      }),
    ),
    jwtAudience: Type.Optional(
      Type.String({
        minLength: 1,
        variables: ['JWT_AUDIENCE'],
        description: 'The audience that its tokens name.',
      }),
    ),
    trustedProxies: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      default: [],
      maxItems: 32,
      expected: 'a list of IP addresses and networks such as 10.0.0.0/8',
      description: 'Reverse proxies whose X-Forwarded headers are believed. None by default.',
    }),
    circuitBreakerCheckIntervalMs: Type.Integer({
      default: 60_000,
      minimum: 1000,
      variables: ['CIRCUIT_BREAKER_CHECK_INTERVAL'],
      unused: true,
      description: 'How often circuit breakers are checked besides on every enactment.',
    }),
    adminApproverEmail: outside('ADMIN_APPROVER_EMAIL', 'Who is asked for approval by default.'),
    postgresDsn: outsideSecret('POSTGRES_DSN', 'A PostgreSQL database to mirror tables into.'),
    vaultAddr: outside('VAULT_ADDR', 'A Vault server for keys.'),
    vaultRole: outside('VAULT_ROLE', 'The role at that Vault server.'),
    cosignKeyPath: outside('COSIGN_KEY_PATH', 'An Ed25519 key in PKCS#8 PEM, not encrypted.'),
    promUrl: outside('PROM_URL', 'A Prometheus server to query.'),
    kafkaUrl: outside('KAFKA_URL', 'Kafka brokers to read telemetry from.'),
    redisUrl: outsideSecret('REDIS_URL', 'A Redis server to read telemetry from.'),
    neuralFabricUrl: outside('NEURAL_FABRIC_URL', 'An OpenAI-compatible endpoint to reason with.'),
    openaiKey: outsideSecret('OPENAI_KEY', 'The key for that endpoint.'),
    globalRegistryUrl: outside('GLOBAL_REGISTRY_URL', 'A registry of signed playbooks.'),
    federationToken: outsideSecret('FEDERATION_TOKEN', 'Admits a region or edge to a federation.'),
    slackWebhookUrl: outsideSecret('SLACK_WEBHOOK_URL', 'Where Slack notifications go.'),
    telegramBotToken: outsideSecret('TELEGRAM_BOT_TOKEN', 'The bot that sends notifications.'),
    s3Bucket: outside('S3_BUCKET', 'Where audit heads are anchored.'),
  },
  closed,
);

type Raw = Static<typeof ConfigSchema>;
type SecretKey =
  | 'postgresDsn'
  | 'redisUrl'
  | 'openaiKey'
  | 'federationToken'
  | 'slackWebhookUrl'
  | 'telegramBotToken';
type ListKey = 'regions' | 'trustedProxies';
type Deep<T> = T extends readonly (infer I)[]
  ? readonly Deep<I>[]
  : T extends object
    ? { readonly [K in keyof T]: Deep<T[K]> }
    : T;
type Group = 'limits' | 'fabric' | 'telemetry';
export type Config = Readonly<Omit<Raw, SecretKey | ListKey | Group>> & {
  readonly [K in SecretKey]?: Secret;
} & { readonly [K in ListKey]: readonly string[] } & { readonly [K in Group]: Deep<Raw[K]> };

export const configFields: readonly Field[] = fieldsOf(ConfigSchema);

export interface ReadConfig {
  readonly config: Config;
  /** One line each: what was ignored, and why. */
  readonly warnings: readonly string[];
  /** Variables that were set and that this version does not use. */
  readonly unused: readonly string[];
}

/** Checks everything that was given; the rest of the program receives the result. */
export function readConfig(sources: ConfigSources): ReadConfig {
  const { given, warnings, unused } = collect(configFields, sources);
  const values = new Map(configFields.map((field) => [field.key, readField(field, given)]));
  const config = nest(values) as Config;
  refuseContradictions(config);
  refuseUnusable(config, sources);
  return { config, warnings, unused };
}

function readField(field: Field, given: ReadonlyMap<string, Given>): unknown {
  const found = given.get(field.key);
  if (!found) return freezeList(field.schema.default);
  if (!isValid(field, found.value)) {
    const shown = field.schema.secret ? 'another value' : JSON.stringify(found.value);
    throw configError(
      field.key,
      `expected ${expectationOf(field)}, found ${shown} in ${found.from}`,
    );
  }
  return field.schema.secret ? secretOf(String(found.value)) : freezeList(found.value);
}

function freezeList(value: unknown): unknown {
  return Array.isArray(value) ? Object.freeze([...value]) : value;
}

/** Dotted keys as groups within groups, all of it frozen. */
function nest(values: ReadonlyMap<string, unknown>, prefix = ''): Record<string, unknown> {
  const nested: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const [name = '', ...rest] = key.slice(prefix.length).split('.');
    if (!key.startsWith(prefix) || Object.hasOwn(nested, name)) continue;
    if (rest.length > 0) nested[name] = nest(values, `${prefix}${name}.`);
    else if (value !== undefined) nested[name] = value;
  }
  return Object.freeze(nested);
}
