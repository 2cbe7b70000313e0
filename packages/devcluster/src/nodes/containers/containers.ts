import type { Clock, JsonObject, Pod, Stored } from "@homeostat/api";
import type { ContainerTarget, PodConnections, PodLogs, ProcessIo } from "@homeostat/apiserver";
import { hostnameOf } from "./commands.ts";
import { type ContainerIo, type ContainerProgram, isFor, type RunningContainer } from "./container-program.ts";
import { containerOf, currentRun, type Run } from "./container-runs.ts";
import { createLogStore, podLogs, showLog } from "./logs.ts";
import { servePort } from "./ports.ts";
import { runCommand } from "./shell.ts";

export interface ContainersOptions {
  readonly programs: readonly ContainerProgram[];
  readonly clock: Clock;
  /** The pod as it is now; undefined when it is gone. */
  readonly current: (pod: Stored<Pod>) => Promise<Stored<Pod> | undefined>;
}

export interface Containers {
  readonly logs: PodLogs;
  readonly connections: Required<PodConnections>;
}

/** Files of so many runs of containers are kept, the newest. */
const keptRuns = 1_000;

/** What kubectl finds behind the pods of a kubelet that only pretends: commands, logs and ports that are functions. */
export function createContainers({ programs, clock, current }: ContainersOptions): Containers {
  const store = createLogStore(clock);
  const files = new Map<string, Map<string, Uint8Array>>();
  const filesOf = (pod: Stored<Pod>, run: Run): Map<string, Uint8Array> => {
    const kept = files.get(run.id) ?? new Map([["/etc/hostname", Buffer.from(`${pod.metadata.name}\n`)]]);
    files.set(run.id, kept);
    if (files.size > keptRuns) files.delete(files.keys().next().value!);
    return kept;
  };
  const targetOf = (pod: Stored<Pod>, name: string, run: Run): RunningContainer => ({
    pod,
    container: containerOf(pod, name),
    files: filesOf(pod, run),
    log: (text) => store.append(run.id, text),
  });
  const programsOf = ({ pod, container }: RunningContainer): ContainerProgram[] =>
    programs.filter((program) => isFor(program, pod, container));
  const open = ({ pod: object, container }: ContainerTarget): RunningContainer => {
    const pod = asPod(object);
    return targetOf(pod, container, currentRun(pod, container));
  };

  const logs = podLogs({
    clock,
    store,
    current,
    containerOf,
    startText(pod, name, run) {
      const target = targetOf(pod, name, run);
      const text = ({ logs: said = "" }: ContainerProgram): string => (typeof said === "string" ? said : said(target));
      return programsOf(target)
        .map(text)
        .filter((piece) => piece !== "")
        .map((piece) => (piece.endsWith("\n") ? piece : `${piece}\n`))
        .join("");
    },
  });
  const connections: Required<PodConnections> = {
    exec(where, command) {
      const target = open(where);
      return (io) => execute(programsOf(target), command, { ...io, ...target }, clock);
    },
    attach(where) {
      const target = open(where);
      const program = programsOf(target).find(({ attach }) => attach);
      return async (io) => {
        if (program?.attach) return program.attach({ ...io, ...target });
        await showLog(logs, target, (data) => io.stdout(data), io.signal);
        return 0;
      };
    },
    ports(object) {
      const pod = asPod(object);
      const running = (pod.spec?.containers ?? []).flatMap(({ name }) => {
        try {
          return [open({ pod: object, container: name })];
        } catch {
          // A container that does not run listens on nothing.
          return [];
        }
      });
      const listening = running.map((target) => ({ target, programs: programsOf(target) }));
      return (port, connection) => servePort(listening, port, connection);
    },
  };
  return { logs, connections };
}

const asPod = (object: JsonObject): Stored<Pod> => object as unknown as Stored<Pod>;

/** The first program that knows the command runs it, at last the built-in ones. */
async function execute(
  programs: readonly ContainerProgram[],
  command: readonly string[],
  io: ContainerIo,
  clock: Clock,
): Promise<number> {
  for (const program of programs) {
    const code = await program.exec?.(command, io);
    if (code !== undefined) return code;
  }
  const code = await runCommand(command, { ...outputs(io), clock, env: environment(io), target: io });
  if (code !== undefined) return code;
  const problem = `exec: ${JSON.stringify(command[0])}: executable file not found in $PATH`;
  await io.stderr(`OCI runtime exec failed: exec failed: unable to start container process: ${problem}: unknown\n`);
  return 127;
}

const outputs = ({ stdin, stdout, stderr, signal }: ProcessIo) => ({ stdin, stdout, stderr, signal });

/** Variables with a value of their own; what comes from elsewhere is not looked up. */
function environment(target: RunningContainer): Map<string, string> {
  const own = (target.container.env ?? []).flatMap(({ name, value }): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return new Map([["PATH", path], ["HOSTNAME", hostnameOf(target)], ...own]);
}
