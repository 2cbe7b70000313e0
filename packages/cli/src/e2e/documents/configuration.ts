import { access } from "node:fs/promises";
import { join } from "node:path";
import { type JsonObject, parseDuration } from "@homeostat/api";
import type { Language } from "../expressions/parse.ts";
import { checkShape, DocumentError, type Shape } from "./fields.ts";
import { checkList, readDocuments, testGroup } from "./load-tests.ts";
import type { Clusters, OperationSpec, Propagation, TimeoutName, Timeouts } from "./test-document.ts";
import { catchActions, operationsShape, timeoutFields } from "./test-shape.ts";

export const reportFormats = ["JSON", "XML", "JUNIT-TEST", "JUNIT-STEP", "JUNIT-OPERATION"] as const;
export type ReportFormat = (typeof reportFormats)[number];

/** How tests are run. Times in milliseconds. */
export interface Configuration {
  readonly testFile: string;
  readonly fullName: boolean;
  readonly include?: string;
  readonly exclude?: string;
  readonly skipDelete: boolean;
  readonly delayBeforeCleanupMs?: number;
  readonly clusters: Clusters;
  readonly propagation: Propagation;
  readonly catch: readonly OperationSpec[];
  readonly failFast: boolean;
  /** How many tests run at once; undefined: as many as there are processors. */
  readonly parallel?: number;
  readonly repeatCount: number;
  readonly forceTerminationGracePeriodMs?: number;
  /** One namespace for all tests; undefined: one for each. */
  readonly namespace?: string;
  readonly namespaceTemplate?: JsonObject;
  readonly namespaceCompiler?: Language;
  readonly fastNamespaceDeletion: boolean;
  readonly report?: { readonly format: ReportFormat; readonly path: string; readonly name: string };
  readonly template: boolean;
  readonly compiler: Language;
  readonly timeoutsMs: TimeoutsMs;
}

export type TimeoutsMs = Readonly<Record<TimeoutName, number>>;

/** Source: chainsaw, Configuration v1alpha2. */
export const defaultConfiguration: Configuration = {
  testFile: "chainsaw-test",
  fullName: false,
  skipDelete: false,
  clusters: {},
  propagation: "Background",
  catch: [],
  failFast: false,
  repeatCount: 1,
  fastNamespaceDeletion: false,
  template: true,
  compiler: "jp",
  timeoutsMs: { apply: 5_000, assert: 30_000, cleanup: 30_000, delete: 15_000, error: 30_000, exec: 5_000 },
};

/** What is said here wins over what was there. */
export function withTimeouts(base: TimeoutsMs, timeouts: Timeouts | undefined): TimeoutsMs {
  const own = Object.entries(timeouts ?? {}).map(([name, text]) => [name, parseDuration(text)]);
  return { ...base, ...Object.fromEntries(own) };
}

const languages = ["jp", "cel"];
const clusters: Shape = { values: { fields: { kubeconfig: "text", context: "text" } } };
const reports: readonly string[] = reportFormats;
const propagation = ["Orphan", "Background", "Foreground"];

const groupedShape: Shape = {
  fields: {
    cleanup: { fields: { skipDelete: "boolean", delayBeforeCleanup: "duration" } },
    clusters,
    deletion: { fields: { propagation } },
    discovery: {
      fields: { testFile: "text", fullName: "boolean", includeTestRegex: "text", excludeTestRegex: "text" },
    },
    error: { fields: { catch: operationsShape } },
    execution: {
      fields: {
        failFast: "boolean",
        parallel: "number",
        repeatCount: "number",
        forceTerminationGracePeriod: "duration",
      },
    },
    namespace: { fields: { name: "text", template: "map", compiler: languages, fastDelete: "boolean" } },
    report: { fields: { format: reports, path: "text", name: "text" } },
    templating: { fields: { enabled: "boolean", compiler: languages } },
    timeouts: timeoutFields,
  },
};

const flatShape: Shape = {
  fields: {
    template: "boolean",
    compiler: languages,
    timeouts: timeoutFields,
    testFile: "text",
    skipDelete: "boolean",
    failFast: "boolean",
    parallel: "number",
    deletionPropagationPolicy: propagation,
    reportFormat: reports,
    reportPath: "text",
    reportName: "text",
    namespace: "text",
    namespaceTemplate: "map",
    namespaceTemplateCompiler: languages,
    fullName: "boolean",
    excludeTestRegex: "text",
    includeTestRegex: "text",
    repeatCount: "number",
    forceTerminationGracePeriod: "duration",
    delayBeforeCleanup: "duration",
    clusters,
    catch: operationsShape,
  },
};

/** What the grouped form says; the flat one is brought into it. */
interface Grouped {
  readonly cleanup?: { readonly skipDelete?: boolean; readonly delayBeforeCleanup?: string };
  readonly clusters?: Clusters;
  readonly deletion?: { readonly propagation?: Propagation };
  readonly discovery?: {
    readonly testFile?: string;
    readonly fullName?: boolean;
    readonly includeTestRegex?: string;
    readonly excludeTestRegex?: string;
  };
  readonly error?: { readonly catch?: readonly OperationSpec[] };
  readonly execution?: {
    readonly failFast?: boolean;
    readonly parallel?: number;
    readonly repeatCount?: number;
    readonly forceTerminationGracePeriod?: string;
  };
  readonly namespace?: {
    readonly name?: string;
    readonly template?: JsonObject;
    readonly compiler?: Language;
    readonly fastDelete?: boolean;
  };
  readonly report?: { readonly format?: ReportFormat; readonly path?: string; readonly name?: string };
  readonly templating?: { readonly enabled?: boolean; readonly compiler?: Language };
  readonly timeouts?: Timeouts;
}

/** Reads a Configuration; without a path, `.chainsaw.yaml` where it is there. @throws DocumentError */
export async function loadConfiguration(path: string | undefined, cwd: string): Promise<Configuration> {
  const file = path ?? (await usualFile(cwd));
  if (file === undefined) return defaultConfiguration;
  const [document] = await readDocuments(file);
  const { apiVersion, kind, spec = {} } = (document ?? {}) as Record<string, unknown>;
  const version = String(apiVersion).startsWith(`${testGroup}/`) ? String(apiVersion).split("/")[1] : undefined;
  if (kind !== "Configuration" || (version !== "v1alpha1" && version !== "v1alpha2")) {
    throw new DocumentError(
      `${file}: expected ${testGroup}/v1alpha2 Configuration, found ${String(apiVersion)} ${String(kind)}`,
    );
  }
  const errors = checkShape(spec, version === "v1alpha1" ? flatShape : groupedShape, "spec");
  if (errors.length > 0) throw new DocumentError(`${file}: ${errors.join("; ")}`);
  const grouped = version === "v1alpha1" ? groupedOf(spec as Record<string, never>) : (spec as Grouped);
  const wrong = checkList(grouped.error?.catch, "spec.error.catch", catchActions);
  if (wrong.length > 0) throw new DocumentError(`${file}: ${wrong.join("; ")}`);
  return configurationOf(grouped);
}

async function usualFile(cwd: string): Promise<string | undefined> {
  for (const name of [".chainsaw.yaml", ".chainsaw.yml"]) {
    const path = join(cwd, name);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

function groupedOf(flat: Readonly<Record<string, never>>): Grouped {
  return {
    cleanup: pick(flat, { skipDelete: "skipDelete", delayBeforeCleanup: "delayBeforeCleanup" }),
    deletion: pick(flat, { propagation: "deletionPropagationPolicy" }),
    discovery: pick(flat, {
      testFile: "testFile",
      fullName: "fullName",
      includeTestRegex: "includeTestRegex",
      excludeTestRegex: "excludeTestRegex",
    }),
    error: pick(flat, { catch: "catch" }),
    execution: pick(flat, {
      failFast: "failFast",
      parallel: "parallel",
      repeatCount: "repeatCount",
      forceTerminationGracePeriod: "forceTerminationGracePeriod",
    }),
    namespace: pick(flat, {
      name: "namespace",
      template: "namespaceTemplate",
      compiler: "namespaceTemplateCompiler",
    }),
    report: pick(flat, { format: "reportFormat", path: "reportPath", name: "reportName" }),
    templating: pick(flat, { enabled: "template", compiler: "compiler" }),
    ...pick(flat, { clusters: "clusters", timeouts: "timeouts" }),
  };
}

function pick(flat: Readonly<Record<string, never>>, names: Readonly<Record<string, string>>): Record<string, never> {
  const entries = Object.entries(names).filter(([, from]) => flat[from] !== undefined);
  return Object.fromEntries(entries.map(([to, from]) => [to, flat[from]!]));
}

function configurationOf(said: Grouped): Configuration {
  const { cleanup, deletion, discovery, error, execution, namespace, report, templating } = said;
  const duration = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseDuration(text);
  return {
    ...defaultConfiguration,
    ...defined({
      testFile: discovery?.testFile,
      fullName: discovery?.fullName,
      include: discovery?.includeTestRegex,
      exclude: discovery?.excludeTestRegex,
      skipDelete: cleanup?.skipDelete,
      delayBeforeCleanupMs: duration(cleanup?.delayBeforeCleanup),
      clusters: said.clusters,
      propagation: deletion?.propagation,
      catch: error?.catch,
      failFast: execution?.failFast,
      parallel: execution?.parallel,
      repeatCount: execution?.repeatCount,
      forceTerminationGracePeriodMs: duration(execution?.forceTerminationGracePeriod),
      namespace: namespace?.name,
      namespaceTemplate: namespace?.template,
      namespaceCompiler: namespace?.compiler,
      fastNamespaceDeletion: namespace?.fastDelete,
      report: report?.format && {
        format: report.format,
        path: report.path ?? "",
        name: report.name ?? "chainsaw-report",
      },
      template: templating?.enabled,
      compiler: templating?.compiler,
    }),
    timeoutsMs: withTimeouts(defaultConfiguration.timeoutsMs, said.timeouts),
  };
}

/** Without what is undefined or null, so that it hides nothing. */
export function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined | null | ""> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined | null | ""> };
}
