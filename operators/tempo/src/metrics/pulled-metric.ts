import type { Manager } from "@homeostat/runtime";

type Registry = Manager["registry"];
type Metric = Parameters<Registry["registerMetric"]>[0];

/** One line of a metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PulledMetric {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  /** Called by each scrape: what is told is what is, and of what is gone nothing is left. */
  readonly samples: () => readonly Sample[];
}

/** Lets a registry tell a metric that is kept nowhere. */
export function registerPulled(registry: Registry, { name, help, type, samples }: PulledMetric): void {
  const get = async () => ({ name, help, type, aggregator: "sum" as const, values: samples() });
  registry.registerMetric({ name, help, type, get, reset: () => undefined } as unknown as Metric);
}

/** Lets a registry tell a metric that it has by a second name as well. */
export function registerAlias(registry: Registry, original: string, alias: string): void {
  const metric = registry.getSingleMetric(original) as unknown as Told | undefined;
  if (!metric) throw new Error(`metric ${original} is not there to be told as ${alias}`);
  const renamed = (told: Reading): Reading => ({
    ...told,
    name: alias,
    values: told.values.map(({ metricName, ...value }) => ({
      ...value,
      ...(metricName === undefined ? {} : { metricName: metricName.replace(original, alias) }),
    })),
  });
  const get = async () => renamed(await metric.get());
  const getForPromString = async () => renamed(await (metric.getForPromString ?? metric.get).call(metric));
  const { help, type } = metric;
  registry.registerMetric({
    name: alias,
    help,
    type,
    get,
    getForPromString,
    reset: () => undefined,
  } as unknown as Metric);
}

interface Reading {
  readonly name: string;
  readonly values: readonly { readonly metricName?: string }[];
}

interface Told {
  readonly help: string;
  readonly type: string;
  get(): Promise<Reading>;
  /** How a histogram tells its buckets with fewer objects. */
  getForPromString?(): Promise<Reading>;
}
