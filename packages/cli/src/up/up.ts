import type { Logger } from "@homeostat/runtime";
import type { UpFlags } from "../commands/up.ts";
import type { Environment } from "../environment.ts";
import { triesOf } from "../operators.ts";
import { ageText } from "../view/durations.ts";
import { type LiveEvent, LiveModel } from "../view/live-state.ts";
import { type ScreenFacts, totalsText } from "../view/screen.ts";
import { awaitStop } from "./await-stop.ts";
import { liveLogger } from "./live-log.ts";
import { startSession } from "./session.ts";
import { shellQuote } from "./shell-quote.ts";
import { stopInTime } from "./stop-in-time.ts";
import { plainView, screenView, type View } from "./views.ts";

/** Boots, shows, and stops on a signal. Resolves when everything has stopped. @throws CommandError */
export async function up(flags: UpFlags, environment: Environment): Promise<void> {
  const { clock, stdout } = environment;
  const stopped = awaitStop(environment);
  const model = new LiveModel();
  const news = holdBack(model, environment);
  const log = liveLogger(clock, news.emit, flags.verbose ? await verboseLog(environment) : undefined);
  const session = await startSession({ ...flags, log, emit: news.emit }, environment);

  // Since the start of the process, as its user counts.
  const bootMs = clock.monotonic();
  const startedAt = clock.now();
  const facts: ScreenFacts = { url: session.url, bootMs, startedAt, hints: hints(flags) };
  stdout.write(greeting(facts));
  const onTerminal = stdout.isTerminal && environment.variables["TERM"] !== "dumb";
  const view =
    flags.plain || flags.verbose || !onTerminal ? plainView(environment) : screenView(model, facts, environment);
  news.to(view);
  try {
    await Promise.race([stopped, session.failed]);
  } finally {
    view.close();
    await stopInTime(() => session.stop(), environment);
  }
  stdout.write(`homeostat: stopped after ${ageText(clock.now() - startedAt)}: ${totalsText(model)}\n`);
}

/** Keeps what happens during the boot until there is a view to show it. */
function holdBack(model: LiveModel, { clock }: Environment): { emit(event: LiveEvent): void; to(view: View): void } {
  const early: (readonly [LiveEvent, number])[] = [];
  let shown: View | undefined;
  return {
    emit(event) {
      model.observe(event);
      if (shown) shown.show(event, clock.now());
      else early.push([event, clock.now()]);
    },
    to(view) {
      shown = view;
      for (const [event, at] of early.splice(0)) view.show(event, at);
    },
  };
}

async function verboseLog({ stderr }: Environment): Promise<Logger> {
  const { createLogger } = await import("@homeostat/runtime");
  return createLogger({ level: "debug", destination: stderr });
}

function hints(flags: UpFlags): string[] {
  const tries = flags.sample ? triesOf(flags.operators) : [];
  const more =
    flags.bug !== undefined
      ? [{ command: "kubectl get events", shows: "what the loop guard says" }]
      : flags.operators.length === 0
        ? [{ command: "kubectl get all -A", shows: "what is there" }]
        : [];
  const all = [...tries, ...more];
  const width = Math.max(0, ...all.map(({ command }) => command.length).filter((length) => length < 60));
  return [
    `export KUBECONFIG=${shellQuote(flags.kubeconfig)}`,
    ...all.map(({ command, shows }) => `${command.padEnd(width)}  # ${shows}`),
  ];
}

function greeting({ url, bootMs, hints: lines }: ScreenFacts): string {
  const ready = `homeostat: ready at ${url} after ${Math.round(bootMs)} ms; Ctrl-C stops`;
  return [ready, ...lines.map((line) => `  ${line}`), ""].join("\n");
}
