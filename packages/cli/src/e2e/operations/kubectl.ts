import { formatDuration, type JsonObject } from "@homeostat/api";
import { CommandError } from "../../errors.ts";
import type {
  DescribeAction,
  KubectlAction,
  PodLogsAction,
  ProxyAction,
  WaitAction,
} from "../documents/test-document.ts";
import { type OperationContext, OperationError, type OperationResult } from "./context.ts";
import { judge, kubectlCache, printOutput } from "./exec.ts";
import { runProgram } from "./run-program.ts";

/** These operations are kubectl's commands, so that they answer as kubectl does. */

export async function runGet(action: KubectlAction, context: OperationContext): Promise<OperationResult> {
  const said = await filledIn(action, context);
  return kubectl(
    ["get", await resourceName(said, context), ...chosen(said), ...place(said, context), ...format(said)],
    context,
  );
}

export async function runDescribe(action: DescribeAction, context: OperationContext): Promise<OperationResult> {
  const said = await filledIn(action, context);
  const events = said.showEvents === undefined ? [] : [`--show-events=${said.showEvents}`];
  return kubectl(
    ["describe", await resourceName(said, context), ...chosen(said), ...place(said, context), ...events],
    context,
  );
}

export async function runEvents(action: KubectlAction, context: OperationContext): Promise<OperationResult> {
  const said = await filledIn(action, context);
  return kubectl(["get", "events", ...chosen(said), ...place(said, context), ...format(said)], context);
}

export async function runPodLogs(action: PodLogsAction, context: OperationContext): Promise<OperationResult> {
  const said = await filledIn(action, context);
  const { container, tail, selector } = said;
  // kubectl shows the last ten lines of pods chosen by labels unless told otherwise.
  const lines = tail === undefined ? (selector ? ["--tail=-1"] : []) : [`--tail=${tail}`];
  const of = container ? ["-c", container] : ["--all-containers"];
  return kubectl(["logs", "--prefix", ...chosen(said), ...place(said, context), ...of, ...lines], context);
}

export async function runProxy(action: ProxyAction, context: OperationContext): Promise<OperationResult> {
  const said = await filledIn(action, context);
  const cluster = await context.cluster();
  const { plural } = await cluster.kindOf({ apiVersion: said.apiVersion ?? "v1", kind: said.kind ?? "" });
  const name = said.port === undefined ? said.name : `${said.name}:${said.port}`;
  const path = (said.path ?? "").replace(/^\//, "");
  const namespace = said.namespace ?? context.namespace;
  return kubectl(["get", "--raw", `/api/v1/namespaces/${namespace}/${plural}/${name}/proxy/${path}`], context);
}

export async function runWait(action: WaitAction, context: OperationContext): Promise<OperationResult> {
  const said = await filledIn(action, context);
  const which = said.name || said.selector ? chosen(said) : ["--all"];
  const timeout = `--timeout=${formatDuration(context.timeoutMs)}`;
  return kubectl(
    ["wait", await resourceName(said, context), ...which, ...place(said, context), wantedState(said.for), timeout],
    // kubectl says more when it is its own time that is up.
    { ...context, timeoutMs: context.timeoutMs + 1_000 },
  );
}

function wantedState({ create, deletion, condition, jsonPath }: WaitAction["for"]): string {
  if (create) return "--for=create";
  if (deletion) return "--for=delete";
  const equals = (value: string | undefined): string => (value === undefined ? "" : `=${value}`);
  if (condition) return `--for=condition=${condition.name}${equals(condition.value)}`;
  if (jsonPath) return `--for=jsonpath=${jsonPath.path}${equals(jsonPath.value)}`;
  throw new OperationError(["wait: says not what for"]);
}

/** The action with its expressions filled in. */
async function filledIn<A extends KubectlAction>(action: A, context: OperationContext): Promise<A> {
  const { evaluator, bindings, language } = context;
  const { bindings: _, outputs, ...said } = action as KubectlAction;
  const filled = await evaluator.settle(() =>
    fillTexts(said as JsonObject, (text) => evaluator.text(text, bindings, language)),
  );
  return filled as unknown as A;
}

function fillTexts<T extends JsonObject>(value: T, fill: (text: string) => string): T {
  const entries = Object.entries(value).map(([key, child]) => {
    if (typeof child === "string") return [key, fill(child)];
    return [key, child !== null && typeof child === "object" && !Array.isArray(child) ? fillTexts(child, fill) : child];
  });
  return Object.fromEntries(entries) as T;
}

/** `deployments.v1.apps`: unmistakable for kubectl. */
async function resourceName({ apiVersion, kind, resource }: KubectlAction, context: OperationContext): Promise<string> {
  if (resource) return resource;
  if (!apiVersion || !kind) throw new OperationError(["name apiVersion and kind"]);
  const cluster = await context.cluster();
  const { plural, version, group } = await cluster.kindOf({ apiVersion, kind });
  return group === "" ? plural : `${plural}.${version}.${group}`;
}

function chosen({ name, selector }: KubectlAction): string[] {
  if (name && selector) throw new OperationError(["a name and a selector cannot both be given"]);
  if (name) return [name];
  return selector ? ["-l", selector] : [];
}

function place({ namespace }: KubectlAction, context: OperationContext): string[] {
  if (namespace === "*") return ["--all-namespaces"];
  const chosenOne = namespace || context.namespace;
  return chosenOne ? ["-n", chosenOne] : [];
}

const format = ({ format: wanted }: KubectlAction): string[] => (wanted ? ["-o", wanted] : []);

async function kubectl(args: readonly string[], context: OperationContext): Promise<OperationResult> {
  await context.cluster();
  const env = { ...kubectlCache(context.env), ...context.env, KUBECONFIG: await context.kubeconfig() };
  const result = await runProgram({ ...context, program: "kubectl", args, cwd: context.folder, env });
  context.signal.throwIfAborted();
  if (result.error?.startsWith("exec:")) {
    throw new CommandError("kubectl is not on the PATH: wait, get, describe, events, podLogs and proxy need it");
  }
  printOutput(result, context);
  if (result.error !== undefined) {
    throw new OperationError([`kubectl ${args.join(" ")}: ${result.error}`, ...lines(result.stderr)]);
  }
  return judge(result, undefined, context);
}

const lines = (text: string): string[] => text.split("\n").filter((line) => line.trim() !== "");
