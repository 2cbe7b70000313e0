import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Json } from "@homeostat/api";
import type { CommandAction, ExecAction, ScriptAction } from "../documents/test-document.ts";
import { fillIn } from "../resources/template.ts";
import { type OperationContext, OperationError, type OperationResult } from "./context.ts";
import { check } from "./expect.ts";
import { type ProgramResult, runProgram } from "./run-program.ts";

/** Runs a program; `$NAME` in its arguments stands for variables of its environment. There is no shell. */
export async function runCommand(action: CommandAction, context: OperationContext): Promise<OperationResult> {
  const env = await environmentOf(action, context);
  const args = (action.args ?? []).map((arg) => expandVariables(arg, env));
  return execute(expandVariables(action.entrypoint, env), args, action, env, context);
}

export async function runScript(action: ScriptAction, context: OperationContext): Promise<OperationResult> {
  const { content, shell = "sh", shellArgs = ["-c"] } = action;
  return execute(shell, [...shellArgs, content], action, await environmentOf(action, context), context);
}

type Variables = Readonly<Record<string, string | undefined>>;

/** This process's own, then the test's namespace and cluster, then what the operation adds. */
async function environmentOf({ env = [] }: ExecAction, context: OperationContext): Promise<Variables> {
  const { evaluator, bindings, language, namespace } = context;
  const kubeconfig = await context.kubeconfig();
  const own: Record<string, string | undefined> = {
    ...kubectlCache(context.env),
    ...context.env,
    ...(namespace === undefined ? {} : { NAMESPACE: namespace }),
    ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }),
  };
  for (const { name, value } of env) {
    const filled = await evaluator.settle(() => fillIn(value as Json, bindings, evaluator, language));
    own[name] = typeof filled === "string" ? filled : JSON.stringify(filled ?? "");
  }
  return own;
}

/** Without a home kubectl would keep its cache in the test's folder. */
export const kubectlCache = ({ HOME }: Variables): Variables =>
  HOME ? {} : { KUBECACHEDIR: join(tmpdir(), "homeostat-kubectl-cache") };

/** As Go's `os.Expand`: `$NAME` and `${NAME}`; what is not set is empty. */
function expandVariables(text: string, env: Variables): string {
  return text.replace(
    /\$\{(\w+)\}|\$(\w+|[*#$@!?-])/g,
    (_, braced?: string, bare?: string) => env[(braced ?? bare)!] ?? "",
  );
}

async function execute(
  program: string,
  args: readonly string[],
  action: ExecAction,
  env: Variables,
  context: OperationContext,
): Promise<OperationResult> {
  const cwd = resolve(context.folder, action.workDir ?? "");
  const result = await runProgram({ ...context, program, args, cwd, env });
  context.signal.throwIfAborted();
  if (!action.skipLogOutput) printOutput(result, context);
  return judge(result, action.check, context);
}

export function printOutput({ stdout, stderr }: ProgramResult, context: OperationContext): void {
  for (const [name, text] of Object.entries({ stdout, stderr })) {
    if (text.trim() !== "") context.print(`=== ${name}\n${text.trimEnd()}`);
  }
}

/** With a check only that decides; else the exit code does. @throws OperationError */
export async function judge(
  { stdout, stderr, error }: ProgramResult,
  tree: Json | undefined,
  context: OperationContext,
): Promise<OperationResult> {
  const bindings = context.bindings.withAll({ stdout, stderr, error: error ?? null });
  if (tree !== undefined && tree !== null) {
    const lines = await check(tree, null, bindings, context);
    if (lines.length > 0) throw new OperationError(lines);
  } else if (error !== undefined) {
    throw new OperationError([error]);
  }
  return { values: [null], bindings };
}
