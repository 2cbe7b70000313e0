import { lookup } from "node:dns/promises";
import { availableParallelism } from "node:os";
import { parseLabelSelector } from "@homeostat/api";
import type { DevCluster } from "@homeostat/devcluster";
import { type Manager, silentLogger } from "@homeostat/runtime";
import type { Environment } from "../environment.ts";
import { CommandError, UsageError } from "../errors.ts";
import { hostWebhooks } from "../operator-webhooks.ts";
import { loadOperators } from "../operators.ts";
import { Cluster } from "./clusters/cluster.ts";
import { ClusterNames, ClusterRegistry } from "./clusters/clusters.ts";
import type { KubeOverrides } from "./clusters/overrides.ts";
import { type Configuration, defined, loadConfiguration, type ReportFormat } from "./documents/configuration.ts";
import { type Choice, chooseTests, type FoundTest, findTests } from "./documents/find-tests.ts";
import type { Clusters, Propagation, TimeoutName } from "./documents/test-document.ts";
import { Evaluator } from "./expressions/evaluator.ts";
import { counts, type SuiteReport } from "./reports/report.ts";
import { summary, textListener } from "./reports/text.ts";
import { writeReport } from "./reports/write-report.ts";
import { runSuite } from "./runner/run-suite.ts";
import type { Listener, SuiteContext } from "./runner/suite-context.ts";
import { loadValues } from "./values.ts";

/** What the command line says; what is undefined is left to the configuration. Times in milliseconds. */
export interface E2eOptions {
  readonly folders: readonly string[];
  readonly config?: string;
  readonly testFile?: string;
  readonly fullName?: boolean;
  readonly include?: string;
  readonly exclude?: string;
  readonly selector?: string;
  readonly shard?: { readonly index: number; readonly count: number };
  readonly remarshal: boolean;
  readonly parallel?: number;
  readonly repeatCount?: number;
  readonly failFast?: boolean;
  readonly skipDelete?: boolean;
  readonly delayBeforeCleanupMs?: number;
  readonly forceTerminationGracePeriodMs?: number;
  readonly propagation?: Propagation;
  readonly namespace?: string;
  readonly template?: boolean;
  readonly timeoutsMs: Readonly<Partial<Record<TimeoutName, number>>>;
  readonly report?: { readonly format?: ReportFormat; readonly path?: string; readonly name?: string };
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly setString: readonly string[];
  readonly quiet: boolean;
  /** Waits for Enter after a failure, before anything is cleaned up. */
  readonly pauseOnFailure: boolean;
  /** Which cluster: one of one's own in this process, with operators; that of a kubeconfig; or none. */
  readonly cluster:
    | {
        readonly type: "own";
        readonly operators: readonly string[];
        /** Whether the API server asks the operators' webhooks. */
        readonly webhooks: boolean;
        readonly speed: "instant" | "real";
      }
    | {
        readonly type: "kubeconfig";
        readonly path?: string;
        readonly context?: string;
        readonly overrides?: KubeOverrides;
      }
    | { readonly type: "none" };
  readonly clusters: Clusters;
}

/** Runs tests and says what became of them. @throws CommandError when one has failed, or when something is in the way */
export async function e2e(options: E2eOptions, environment: Environment): Promise<void> {
  const { cwd, stdout } = environment;
  const configuration = withFlags(await loadConfiguration(options.config, cwd), options);
  const tests = await wantedTests(options, configuration, cwd);
  const report = await runTests(tests, options, configuration, environment);
  if (configuration.report) {
    const file = await writeReport(report, configuration.report, cwd);
    stdout.write(`homeostat: the report is in ${file}\n`);
  }
  stdout.write(summary(report));
  const { failed } = counts(report);
  if (failed > 0) throw new CommandError(`${failed} of ${report.tests.length} tests failed`);
}

function withFlags(configuration: Configuration, options: E2eOptions): Configuration {
  const { report, timeoutsMs, clusters } = options;
  const { testFile, fullName, include, exclude, parallel, repeatCount, failFast, skipDelete } = options;
  const { delayBeforeCleanupMs, forceTerminationGracePeriodMs, propagation, namespace, template } = options;
  const format = report?.format ?? configuration.report?.format;
  const said = {
    ...{ testFile, fullName, include, exclude, parallel, repeatCount, failFast, skipDelete },
    ...{ delayBeforeCleanupMs, forceTerminationGracePeriodMs, propagation, namespace, template },
  };
  return {
    ...configuration,
    ...defined(said),
    ...(format === undefined
      ? {}
      : { report: { path: "", name: "chainsaw-report", ...configuration.report, ...defined(report ?? {}), format } }),
    clusters: { ...configuration.clusters, ...clusters },
    timeoutsMs: { ...configuration.timeoutsMs, ...defined(timeoutsMs) },
  };
}

async function wantedTests(options: E2eOptions, configuration: Configuration, cwd: string): Promise<FoundTest[]> {
  const { folders, remarshal, selector, shard } = options;
  const { testFile, fullName, include, exclude } = configuration;
  const found = await findTests({ folders, cwd, testFile, fullName, remarshal });
  if (found.length === 0) {
    throw new CommandError(`no tests in ${folders.join(", ")}: a folder of a test holds ${testFile}.yaml`);
  }
  const matcher = selector === undefined ? undefined : parseLabelSelector(selector);
  const selects: Choice["selects"] = (labels) => matcher?.matches(labels) ?? true;
  try {
    return chooseTests(found, { ...defined({ include, exclude, shard }), selects });
  } catch (error) {
    throw new UsageError(`a test regex is no regular expression: ${(error as Error).message}`, { cause: error });
  }
}

async function runTests(
  tests: readonly FoundTest[],
  options: E2eOptions,
  configuration: Configuration,
  environment: Environment,
): Promise<SuiteReport> {
  const { clock, cwd, variables, randomBytes, stdout } = environment;
  const registry = new ClusterRegistry(clock, variables);
  let own: DevCluster | undefined;
  const stopping = new AbortController();
  const forget = environment.onSignal(stopAtSecond(stopping, environment));
  try {
    let main: Cluster | undefined;
    if (options.cluster.type === "own") {
      own = await boot(options.cluster, environment);
      const { url, kubeconfig } = await own.listen({ port: 0 });
      const path = await registry.write(kubeconfig());
      main = new Cluster({ transport: own.transport(), server: url, kubeconfig: path, clock });
    } else if (options.cluster.type === "kubeconfig") {
      const { path, context, overrides } = options.cluster;
      main = await registry.open(path, context, cwd, overrides);
    }
    const clientBindings = new WeakMap<object, Cluster>();
    const suite: SuiteContext = {
      configuration,
      clock,
      evaluator: await Evaluator.create({
        env: variables,
        now: () => clock.now(),
        randomBytes,
        lookUp: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
        async ask(client, question) {
          const cluster = client !== null && typeof client === "object" ? clientBindings.get(client) : undefined;
          if (!cluster) throw new Error("the first argument must be $client, or $config");
          return cluster.answer(question);
        },
      }),
      values: await loadValues({ files: options.values, set: options.set, setString: options.setString }, cwd),
      clusters: new ClusterNames(registry, main).within({ clusters: configuration.clusters }, cwd),
      env: variables,
      randomBytes,
      signal: stopping.signal,
      listener: { ...textListener(stdout, options), ...(options.pauseOnFailure ? pausing(environment) : {}) },
      clientBindings,
    };
    const parallel = configuration.parallel ?? availableParallelism();
    return await runSuite(tests, suite, { name: "chainsaw-report", parallel });
  } finally {
    forget();
    await registry[Symbol.asyncDispose]();
    await own?.stop();
  }
}

function pausing({ stdout, readLine }: Environment): Pick<Listener, "failed"> {
  return {
    async failed(test) {
      stdout.write(`${test}: failed; Enter goes on\n`);
      await readLine?.();
    },
  };
}

/** Signals closer together than this are one, in milliseconds: npm passes on what the terminal has sent to all. */
const sameMs = 300;

/** The first signal ends the tests, and they clean up; the second ends the process. */
function stopAtSecond(stopping: AbortController, { clock, exit, stderr }: Environment): () => void {
  let first = 0;
  return () => {
    if (stopping.signal.aborted) {
      if (clock.monotonic() - first > sameMs) exit(130);
      return;
    }
    first = clock.monotonic();
    stderr.write("homeostat: stopping: tests are cleaned up; once more ends at once\n");
    stopping.abort(new Error("the run was stopped"));
  };
}

/** A cluster in this process, with operators. */
async function boot(
  { operators: names, webhooks, speed }: Extract<E2eOptions["cluster"], { type: "own" }>,
  { clock }: Environment,
): Promise<DevCluster> {
  const [{ createDevCluster }, operators] = await Promise.all([import("@homeostat/devcluster"), loadOperators(names)]);
  const cluster = await createDevCluster({ clock, log: silentLogger, speed });
  try {
    for (const operator of operators) {
      const { name, resources, controllers } = operator;
      const hosted = webhooks && operator.webhooks ? await hostWebhooks(name, operator.webhooks) : undefined;
      const setup = (manager: Manager): void => hosted?.setup(manager);
      await cluster.run(
        { name: `${name}-operator`, resources, controllers: controllers({}), setup },
        { gracefulShutdownMs: 300 },
      );
      await hosted?.announce(cluster.client, silentLogger);
    }
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
