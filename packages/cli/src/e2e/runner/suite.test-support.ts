import { type Clock, createVirtualClock, type Json, type VirtualClock } from "@homeostat/api";
import { createDevCluster, type DevCluster, type DevClusterOptions } from "@homeostat/devcluster";
import { onTestFinished } from "vitest";
import { Cluster } from "../clusters/cluster.ts";
import { ClusterNames, ClusterRegistry } from "../clusters/clusters.ts";
import { type Configuration, defaultConfiguration } from "../documents/configuration.ts";
import { parseDocuments, testsOf } from "../documents/load-tests.ts";
import { Evaluator } from "../expressions/evaluator.ts";
import type { OperationReport, SuiteReport, TestReport } from "../reports/report.ts";
import { runSuite } from "./run-suite.ts";
import type { SuiteContext } from "./suite-context.ts";

export interface SuiteOptions {
  readonly configuration?: Partial<Configuration>;
  readonly values?: Json;
  readonly parallel?: number;
  /** Absolute. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly kubeconfig?: string;
  readonly signal?: AbortSignal;
  readonly onOperation?: (what: string) => void;
  /** Runs without one. */
  readonly withoutCluster?: boolean;
}

/** Test support: a cluster, in virtual time unless told otherwise. */
export async function startWorld<C extends Clock = VirtualClock>(
  clock: C = createVirtualClock() as unknown as C,
  options: DevClusterOptions = {},
): Promise<{ readonly cluster: DevCluster; readonly clock: C }> {
  const cluster = await createDevCluster({ random: () => 0.5, ...options, clock });
  onTestFinished(() => cluster.stop());
  return { cluster, clock };
}

/** Runs the Tests of a text of YAML. */
export async function runYaml(
  { cluster, clock }: { readonly cluster: DevCluster; readonly clock: Clock },
  text: string,
  options: SuiteOptions = {},
): Promise<SuiteReport & { readonly printed: string }> {
  let printed = "";
  let bytes = 0;
  const clientBindings = new WeakMap<object, Cluster>();
  const registry = new ClusterRegistry(clock, {});
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const kubeconfig = options.kubeconfig ?? "/nowhere/kubeconfig";
  const main = options.withoutCluster
    ? undefined
    : new Cluster({ transport: cluster.transport(), server: "https://test", kubeconfig, clock });
  const randomBytes = (count: number): Uint8Array => new Uint8Array(count).map(() => bytes++);
  const env = options.env ?? {};
  const suite: SuiteContext = {
    configuration: { ...defaultConfiguration, ...options.configuration },
    clock,
    evaluator: await Evaluator.create({
      env,
      now: () => clock.now(),
      randomBytes,
      lookUp: async () => ["127.0.0.1"],
      ask: (client, question) => clientBindings.get(client as object)!.answer(question),
    }),
    values: options.values ?? {},
    clusters: new ClusterNames(registry, main),
    env,
    randomBytes,
    signal: options.signal ?? new AbortController().signal,
    listener: {
      testStarted: () => {},
      operationEnded: ({ step, phase, type }) => options.onOperation?.(`${step} ${phase} ${type}`),
      printed: (_, more) => {
        printed += more;
      },
      testEnded: () => {},
    },
    clientBindings,
  };
  const tests = testsOf(parseDocuments(text, "test.yaml"), "test.yaml").map((document) => ({
    document,
    name: document.metadata.name,
    folder: options.folder ?? "/nowhere",
  }));
  let report: SuiteReport | undefined;
  const running = runSuite(tests, suite, { name: "test", parallel: options.parallel ?? 4 }).then((done) => {
    report = done;
    return done;
  });
  if ("until" in clock) await (clock as VirtualClock).until(() => report !== undefined, "the tests to end");
  return { ...(await running), printed };
}

/** A Test of these steps. */
export const testYaml = (steps: string, spec = ""): string => `
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Test
metadata: {name: a-test}
spec:
${indent(spec, 2)}
  steps:
${indent(steps, 2)}
`;

function indent(text: string, width: number): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const own = Math.min(...lines.map((line) => line.length - line.trimStart().length));
  return lines.map((line) => " ".repeat(width) + line.slice(own)).join("\n");
}

export const operationsOf = ({ steps }: TestReport): OperationReport[] => steps.flatMap(({ operations }) => operations);

export const failuresOf = (test: TestReport): string[] => [
  ...test.failures,
  ...test.steps.flatMap(({ failures }) => failures),
  ...operationsOf(test).flatMap(({ failure }) => failure ?? []),
];
