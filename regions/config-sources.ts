/**
 * Where configuration comes from: flags, the environment (also `*_FILE`), a YAML file.
 *
 * Merging keeps where each value came from, so that a refusal can name the variable, flag or
 * file. Two variables that set one key must agree.
 */
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { QuorateError } from '#protocols/errors.ts';
import { convertText, type Field } from './config-fields.ts';

export interface ConfigSources {
  /** By key: text, or a value of the right type. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The YAML file, if there is one. */
  readonly file?: {
    readonly name: string;
    readonly text: string;
    /** What paths in it are relative to; where we run when left out. */
    readonly folder?: string;
  };
  /** The text of a file named by a variable; undefined when there is none. */
  readText(path: string): string | undefined;
}

export interface Given {
  readonly value: unknown;
  /** For people: `PORT`, `--port`, `quorate.yaml`. */
  readonly from: string;
}

export interface Collected {
  readonly given: ReadonlyMap<string, Given>;
  readonly warnings: readonly string[];
  readonly unused: readonly string[];
}

/** Accepted for the sake of existing deployments; nothing here has a use for them. */
const foreignVariables = [
  'QUANTUM_PROVIDER',
  'NEURAL_FABRIC_MODE',
  'MILVUS_ENDPOINT',
  'VECTOR_DB_URL',
  'GOVERNANCE_DB_PATH',
  'COMMAND_DB_PATH',
];

/** Read by the command line itself, so not configuration of a region. */
export const commandVariables = ['QUORATE_CONFIG', 'QUORATE_TOKEN', 'QUORATE_URL'];

export function collect(fields: readonly Field[], sources: ConfigSources): Collected {
  const given = new Map<string, Given>();
  const environment = fromEnvironment(fields, sources);
  const file = fromFile(fields, sources.file);
  const flags = fromFlags(fields, sources.flags);
  for (const source of [file, environment, flags]) {
    for (const [key, value] of source) given.set(key, value);
  }
  const isSet = (variable: string) => Boolean(sources.environment[variable]);
  const unused = [
    ...fields.flatMap((field) =>
      field.schema.unused && given.has(field.key) ? [given.get(field.key)?.from ?? field.key] : [],
    ),
    ...foreignVariables.filter(isSet),
  ];
  const warnings = isSet('APPROVED')
    ? ['APPROVED is ignored: a variable never approves anything; approvals are signed verdicts']
    : [];
  return { given, warnings, unused };
}

function fromFlags(
  fields: readonly Field[],
  flags: Readonly<Record<string, unknown>>,
): Map<string, Given> {
  const found = new Map<string, Given>();
  for (const [key, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const field = fields.find((candidate) => candidate.key === key);
    if (!field) throw unknownKey(key, 'the flags', fields);
    const converted = typeof value === 'string' ? convertText(field, value) : value;
    found.set(key, { value: converted, from: flagOf(key) });
  }
  return found;
}

function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function fromEnvironment(fields: readonly Field[], sources: ConfigSources): Map<string, Given> {
  const { environment } = sources;
  refuseUnknownVariables(fields, environment);
  const found = new Map<string, Given>();
  for (const field of fields) {
    const values = field.variables.flatMap((name) => readVariable(field, name, sources));
    if (field.key === 'mode') values.push(...modeFromSeeds(environment));
    const [first, ...others] = values;
    if (!first) continue;
    const rival = others.find((other) => !isSame(other.value, first.value));
    if (rival) throw contradiction(field.key, first.from, rival.from);
    found.set(field.key, first);
  }
  return found;
}

function readVariable(field: Field, name: string, sources: ConfigSources): Given[] {
  const text = sources.environment[name];
  const fileName = field.schema.secret ? sources.environment[`${name}_FILE`] : undefined;
  if (text && fileName) throw contradiction(field.key, name, `${name}_FILE`);
  if (fileName) {
    const content = sources.readText(fileName);
    if (content === undefined) {
      throw refusal(field.key, `expected a readable file, found ${fileName} in ${name}_FILE`);
    }
    return [{ value: content.trim(), from: `${name}_FILE` }];
  }
  return text ? [{ value: convertText(field, text), from: name }] : [];
}

const simulationModes: Readonly<Record<string, string>> = {
  true: 'simulation',
  '1': 'simulation',
  false: 'production',
  '0': 'production',
};

/** `ENV` has other uses too, so only the one value that selects something is looked at. */
function modeFromSeeds(environment: ConfigSources['environment']): Given[] {
  const found: Given[] = [];
  const simulation = environment.SIMULATION_MODE;
  if (simulation) {
    const value = simulationModes[simulation] ?? simulation;
    found.push({ value, from: 'SIMULATION_MODE' });
  }
  if (environment.ENV === 'production') found.push({ value: 'production', from: 'ENV' });
  return found;
}

function refuseUnknownVariables(
  fields: readonly Field[],
  environment: ConfigSources['environment'],
): void {
  const known = new Set(
    fields.flatMap((field) =>
      field.variables.flatMap((name) => (field.schema.secret ? [name, `${name}_FILE`] : [name])),
    ),
  );
  for (const name of Object.keys(environment)) {
    if (name.startsWith('QUORATE_') && !known.has(name) && !commandVariables.includes(name)) {
      throw refusal(name, 'unknown variable; see .env.example for those there are');
    }
  }
}

function fromFile(fields: readonly Field[], file: ConfigSources['file']): Map<string, Given> {
  const found = new Map<string, Given>();
  if (!file) return found;
  for (const [key, value] of flatten(readYaml(file), '', fields)) {
    const field = fields.find((candidate) => candidate.key === key);
    if (!field) throw unknownKey(key, file.name, fields);
    found.set(key, { value: located(field, value, file.folder), from: file.name });
  }
  return found;
}

/** Paths in a file mean the same wherever the command runs. */
function located(field: Field, value: unknown, folder: string | undefined): unknown {
  const isPath = field.schema.path && typeof value === 'string' && value !== '';
  return isPath && folder !== undefined ? resolve(folder, value) : value;
}

function readYaml(file: { readonly name: string; readonly text: string }): unknown {
  try {
    return parse(file.text) ?? {};
  } catch (cause) {
    const line = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new QuorateError('config', `${file.name}: expected YAML: ${line}`, {
      cause,
      field: file.name,
    });
  }
}

function flatten(value: unknown, prefix: string, fields: readonly Field[]): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refusal(prefix.slice(0, -1) || 'file', 'expected keys and values');
  }
  return Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    const key = `${prefix}${name}`;
    const isGroup = fields.some((field) => field.key.startsWith(`${key}.`));
    return isGroup ? flatten(inner, `${key}.`, fields) : [[key, inner]];
  });
}

function unknownKey(key: string, where: string, fields: readonly Field[]): QuorateError {
  const lower = key.toLowerCase().replaceAll(/[-_]/g, '');
  const near = fields.find((field) => field.key.toLowerCase() === lower)?.key;
  const hint = near ? `did you mean ${near}?` : 'quorate config print shows the keys there are';
  return refusal(key, `unknown key in ${where}; ${hint}`);
}

function contradiction(key: string, one: string, other: string): QuorateError {
  return refusal(key, `${one} and ${other} contradict each other; set one of them`);
}

function refusal(key: string, message: string): QuorateError {
  return new QuorateError('config', `${key}: ${message}`, { field: key });
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
