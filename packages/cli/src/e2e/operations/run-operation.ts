import { parseDuration, sleep } from "@homeostat/api";
import type { ActionCommon, Actions, OperationSpec, TimeoutName } from "../documents/test-document.ts";
import { runAssert, runError } from "./assert.ts";
import type { OperationContext, OperationResult } from "./context.ts";
import { runDelete } from "./delete.ts";
import { runCommand, runScript } from "./exec.ts";
import { runDescribe, runEvents, runGet, runPodLogs, runProxy, runWait } from "./kubectl.ts";
import { apply, create, patch, runWrite, update } from "./write.ts";

export type ActionName = keyof Actions;

type Runners = {
  readonly [Name in ActionName]-?: {
    readonly timeout: TimeoutName;
    run(action: NonNullable<Actions[Name]>, context: OperationContext): Promise<OperationResult>;
  };
};

/** How each action is done, and which of the timeouts it has unless it names its own. */
const runners: Runners = {
  apply: { timeout: "apply", run: (action, context) => runWrite(apply, action, context) },
  create: { timeout: "apply", run: (action, context) => runWrite(create, action, context) },
  update: { timeout: "apply", run: (action, context) => runWrite(update, action, context) },
  patch: { timeout: "apply", run: (action, context) => runWrite(patch, action, context) },
  assert: { timeout: "assert", run: runAssert },
  error: { timeout: "error", run: runError },
  delete: { timeout: "delete", run: runDelete },
  command: { timeout: "exec", run: runCommand },
  script: { timeout: "exec", run: runScript },
  wait: { timeout: "exec", run: runWait },
  get: { timeout: "exec", run: runGet },
  describe: { timeout: "exec", run: runDescribe },
  events: { timeout: "exec", run: runEvents },
  podLogs: { timeout: "exec", run: runPodLogs },
  proxy: { timeout: "exec", run: runProxy },
  sleep: {
    timeout: "exec",
    async run({ duration }, { clock, signal, bindings }) {
      await sleep(clock, parseDuration(duration), signal);
      return { values: [], bindings };
    },
  },
};

export const actionNames = Object.keys(runners) as readonly ActionName[];

/** Which action an operation is. */
export function actionOf(operation: OperationSpec): ActionName {
  return actionNames.find((name) => operation[name] !== undefined)!;
}

/** What an operation says, whether beside its action or in it; what the action says wins. */
export function commonOf(operation: OperationSpec): ActionCommon {
  const { description, continueOnError, ...rest } = operation;
  return { ...rest, ...operation[actionOf(operation)] } as ActionCommon;
}

export const timeoutName = (operation: OperationSpec): TimeoutName => runners[actionOf(operation)].timeout;

/** @throws OperationError, or any error that says what is in the way */
export function runOperation(operation: OperationSpec, context: OperationContext): Promise<OperationResult> {
  const name = actionOf(operation);
  const run = runners[name].run as (action: unknown, context: OperationContext) => Promise<OperationResult>;
  return run(operation[name], context);
}
