import type { Clock } from "@homeostat/api";
import type { Logger } from "@homeostat/runtime";
import type { LiveEvent } from "../view/live-state.ts";

type Fields = Record<string, unknown>;

/** What loop guards log. */
const findings: Readonly<Record<string, { readonly slowed: boolean }>> = {
  "Reconcile loop": { slowed: true },
  "Reconciled over and over by another writer": { slowed: false },
};

/** What the ledger tells better. */
const told = new Set(["Reconciler error"]);

/**
 * A logger that turns what people should see into events of the live view, and hands everything on to `next`.
 *
 * @param next where log lines go. Default: nowhere
 */
export function liveLogger(clock: Clock, emit: (event: LiveEvent) => void, next?: Logger): Logger {
  return make(clock, emit, {}, next);
}

function make(clock: Clock, emit: (event: LiveEvent) => void, own: Fields, next: Logger | undefined): Logger {
  const say = (fields: Fields, message: string): void => {
    const event = eventOf({ ...own, ...fields }, message, clock.now());
    if (event) emit(event);
  };
  return {
    debug: (fields, message) => next?.debug(fields, message),
    info: (fields, message) => next?.info(fields, message),
    warn(fields, message) {
      next?.warn(fields, message);
      say(fields, message);
    },
    error(fields, message) {
      next?.error(fields, message);
      say(fields, message);
    },
    child: (fields) => make(clock, emit, { ...own, ...fields }, next?.child(fields)),
  };
}

function eventOf(fields: Fields, message: string, at: number): LiveEvent | undefined {
  if (told.has(message)) return undefined;
  const finding = findings[message];
  if (!finding) return { type: "warning", warning: { at, text: warningText(fields, message) } };
  const { controller, namespace, name, reason } = fields;
  return {
    type: "finding",
    finding: {
      controller: String(controller),
      namespace: typeof namespace === "string" && namespace !== "" ? namespace : undefined,
      name: String(name),
      at,
      message: String(reason),
      slowed: finding.slowed,
    },
  };
}

function warningText(fields: Fields, message: string): string {
  const { err, reason, error, warning } = fields;
  const why = reason ?? (err instanceof Error ? err.message : err) ?? error ?? warning;
  return why === undefined ? message : `${message}: ${String(why)}`;
}
