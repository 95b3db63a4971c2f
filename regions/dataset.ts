/**
 * Recorded telemetry: which file feeds which metric of which service in which region.
 *
 * A folder with a `dataset.json` says so itself. Any other folder of CSV or JSONL files becomes a
 * data set by convention: `<tenant>/<service>/<region>*.csv` where the paths look like that, else
 * three files at a time are one service seen from three regions, and services go to the tenants
 * in turn. Every series is moved in time, never changed, to start at an instant of the data set.
 *
 * Only this file knows the layout; what is in the files is the replay source's business.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { QuorateError } from '#protocols/errors.ts';
import { Name } from '#protocols/messages/common.ts';
import { MetricKind } from '#protocols/messages/signal.ts';
import type { TargetState } from '#protocols/messages/target-state.ts';

const closed = { additionalProperties: false } as const;

const Series = Type.Object(
  {
    region: Name,
    metric: Name,
    kind: MetricKind,
    /** Relative to the folder in `dataset.json`; absolute once loaded. */
    file: Type.String({ minLength: 1, maxLength: 1000 }),
    /** RFC 3339: the event time that the first row is moved to. */
    shiftTo: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$', maxLength: 30 }),
  },
  closed,
);

const DatasetFile = Type.Object(
  {
    name: Name,
    tenants: Type.Array(
      Type.Object(
        {
          id: Name,
          services: Type.Array(
            Type.Object(
              {
                service: Name,
                home: Name,
                series: Type.Array(Series, { minItems: 1, maxItems: 1000 }),
              },
              closed,
            ),
            { minItems: 1, maxItems: 1000 },
          ),
        },
        closed,
      ),
      { minItems: 1, maxItems: 10_000 },
    ),
  },
  closed,
);

export type Dataset = Static<typeof DatasetFile>;
export type DatasetSeries = Static<typeof Series>;

/** Who decides and for whom, where the folder does not say. */
export interface DatasetDefaults {
  readonly regions: readonly string[];
  readonly tenants: readonly string[];
}

export const datasetDefaults: DatasetDefaults = {
  regions: ['eu-west', 'us-east', 'ap-south'],
  tenants: ['acme', 'globex'],
};

/** Event time at which a folder without `dataset.json` begins. */
export const commonStart = '2026-01-05T00:00:00.000Z';

const filesMax = 3000;
const validator = Compile(DatasetFile);

export function loadDataset(folder: string, defaults: DatasetDefaults = datasetDefaults): Dataset {
  const root = resolve(folder);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new QuorateError('config', `${folder} is not a folder of recorded series`, {
      field: folder,
    });
  }
  const description = join(root, 'dataset.json');
  return statSync(description, { throwIfNoEntry: false })
    ? described(root, description)
    : guessed(root, defaults);
}

function described(root: string, description: string): Dataset {
  const dataset = parsed(description);
  const services = dataset.tenants.flatMap((tenant) => tenant.services);
  for (const { file, shiftTo } of services.flatMap((service) => service.series)) {
    if (Number.isNaN(Date.parse(shiftTo))) {
      throw invalid(description, `${shiftTo} is not an instant`);
    }
    const path = resolve(root, file);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
      throw new QuorateError('config', `${description} names ${file}, which does not exist`, {
        field: path,
      });
    }
  }
  return located(dataset, root);
}

function parsed(description: string): Dataset {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(description, 'utf8'));
  } catch (cause) {
    throw new QuorateError('invalid-input', `${description} is not JSON`, {
      cause,
      field: description,
    });
  }
  if (validator.Check(value)) return value;
  const [first] = validator.Errors(value);
  throw invalid(description, `${first?.instancePath ?? ''} ${first?.message ?? 'is wrong'}`.trim());
}

function invalid(description: string, what: string): QuorateError {
  return new QuorateError('invalid-input', `${description}: ${what}`, { field: description });
}

function located(dataset: Dataset, root: string): Dataset {
  return {
    ...dataset,
    tenants: dataset.tenants.map((tenant) => ({
      ...tenant,
      services: tenant.services.map((service) => ({
        ...service,
        series: service.series.map((one) => ({ ...one, file: resolve(root, one.file) })),
      })),
    })),
  };
}

/** A service before it has a tenant's list to be in. */
interface Found {
  readonly tenant: string;
  readonly service: string;
  readonly region: string;
  readonly file: string;
}

function guessed(root: string, defaults: DatasetDefaults): Dataset {
  const files = seriesFiles(root);
  if (files.length === 0) {
    throw new QuorateError('config', `${root} holds no CSV or JSONL file`, { field: root });
  }
  const placed = files.map((file) => fromPath(root, file, defaults.regions));
  const found = placed.every((one) => one !== null) ? placed : inTurn(files, defaults);
  const tenants = [...new Set(found.map((one) => one.tenant))];
  return {
    name: nameOf(root.split(sep).at(-1) ?? '', 'recorded'),
    tenants: tenants.map((id) => ({ id, services: servicesOf(id, found) })),
  };
}

function servicesOf(tenant: string, found: readonly Found[]) {
  const own = found.filter((one) => one.tenant === tenant);
  const services = [...new Set(own.map((one) => one.service))];
  return services.map((service) => {
    const series = own
      .filter((one) => one.service === service)
      .map(({ region, file }, index, all) => ({
        region,
        metric: metricOf(file, index, all),
        kind: kindOf(file),
        file,
        shiftTo: commonStart,
      }));
    return { service, home: series[0]?.region ?? '', series };
  });
}

/** `<tenant>/<service>/<region>*`, when the path looks like that. */
function fromPath(root: string, file: string, regions: readonly string[]): Found | null {
  const parts = relative(root, file).split(sep);
  const [tenant = '', service = '', name = ''] = parts;
  const region = regions.find((one) => name.startsWith(one));
  const isName = (text: string) => /^[a-z][a-z0-9-]{0,62}$/.test(text);
  if (parts.length !== 3 || !region || !isName(tenant) || !isName(service)) return null;
  return { tenant, service, region, file };
}

/** Regions in turn within a service, tenants in turn from service to service. */
function inTurn(files: readonly string[], { regions, tenants }: DatasetDefaults): readonly Found[] {
  return files.map((file, index) => {
    const group = Math.floor(index / regions.length);
    return {
      tenant: tenants[group % tenants.length] ?? '',
      service: `service-${group + 1}`,
      region: regions[index % regions.length] ?? '',
      file,
    };
  });
}

function seriesFiles(root: string): readonly string[] {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:csv|jsonl)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  if (files.length > filesMax) {
    throw new QuorateError('config', `${root} holds more than ${filesMax} series`, { field: root });
  }
  return files;
}

/** Distinct within a service and region: two files of one region may not share a metric. */
function metricOf(
  file: string,
  index: number,
  all: readonly { readonly region: string; readonly file: string }[],
): string {
  const metric = nameOf(baseName(file), 'metric');
  const isTaken = all
    .slice(0, index)
    .some(
      (other) =>
        other.region === all[index]?.region && nameOf(baseName(other.file), 'metric') === metric,
    );
  return isTaken ? `${metric.slice(0, 56)}-${index + 1}` : metric;
}

function baseName(file: string): string {
  return (file.split(sep).at(-1) ?? '').replace(/\.[^.]+$/, '');
}

/** Text as a name of the system: lower case, DNS-label shaped. */
function nameOf(text: string, fallback: string): string {
  const label = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const trimmed = label
    .replace(/^[^a-z]+/, '')
    .slice(0, 63)
    .replace(/-+$/, '');
  return trimmed || fallback;
}

const kinds: readonly (readonly [RegExp, MetricKind])[] = [
  [/latency|duration|response/i, 'latency'],
  [/error|fail|5xx/i, 'errors'],
  [/cp[cm]|spend|cost|price/i, 'spend'],
  [/network|volume|tweet|traffic|speed|occupancy|travel|request|taxi|load_balancer/i, 'traffic'],
  [/cpu|util|disk|memory|asg|temperature/i, 'saturation'],
];

/** Guessed from the file name; what says nothing is treated as use of capacity. */
function kindOf(file: string): MetricKind {
  return kinds.find(([pattern]) => pattern.test(baseName(file)))?.[1] ?? 'saturation';
}

/** How the mock cluster has a service before anything was done to it. */
export function stateAtStart(target: string, home: string): TargetState {
  return {
    target,
    replicas: 4,
    generation: 1,
    release: 3,
    keyVersion: 1,
    activeRegion: home,
    cpuMillis: 500,
    memoryMib: 512,
    stopGeneration: 0,
    healthy: true,
    fence: 0,
  };
}
