import type { KubeObject, Resource, Stored } from "@homeostat/api";
import type { WantedChild } from "./children.ts";
import type { Observed, ObservedChild, WaitingChild } from "./definition.ts";
import { type Readiness, readinessOf } from "./readiness.ts";
import type { Verdict } from "./status.ts";

/** What is known of one child once its turn has come. */
export interface Handled {
  readonly child: WantedChild;
  /** `left out`: its precondition does not hold, or that of something it depends on. */
  readonly type: "in place" | "waiting" | "left out";
  /** As the server has it; undefined where it is not there. */
  readonly live?: Stored;
  readonly readiness: Readiness;
  /** By what it was left alone. */
  readonly paused?: string;
}

/** What may be done with a child: all it depends on has been handled. */
export type Gate =
  | { readonly type: "open" }
  | { readonly type: "waiting"; readonly message: string }
  | { readonly type: "left out"; readonly message: string };

/** Whether the turn of a child has come: what it depends on first, then its precondition. */
export function gateOf(child: WantedChild, handled: ReadonlyMap<string, Handled>): Gate {
  const dependencies = child.dependsOn.map((id) => handled.get(id)!);
  const leftOut = dependencies.find(({ type }) => type === "left out");
  if (leftOut) return { type: "left out", message: `${leftOut.child.title} is left out` };
  for (const { child: other, readiness } of dependencies) {
    if (!readiness.ready) return { type: "waiting", message: `waits for ${other.title}: ${readiness.message}` };
  }
  const { when = true } = child.options;
  const holds = typeof when === "function" ? when(observe([...handled.values()])) : when;
  if (holds === true) return { type: "open" };
  return { type: "left out", message: holds || "its precondition does not hold" };
}

/** Whether a live child is ready: as declared, or by the rules for its kind. */
export function childReadiness({ options }: WantedChild, live: Stored): Readiness {
  if (!options.readyWhen || live.metadata.deletionTimestamp !== undefined) return readinessOf(live);
  const ready = options.readyWhen(live);
  return ready === true ? { ready } : { ready: false, message: ready || "is not ready yet" };
}

/** What users see of the children. */
export function observe(handled: readonly Handled[]): Observed {
  const wanted = handled.filter(({ type }) => type !== "left out").toSorted((a, b) => a.child.index - b.child.index);
  const children: ObservedChild[] = [];
  const waiting: WaitingChild[] = [];
  for (const { child, live, readiness, paused } of wanted) {
    const { name } = child;
    if (live) children.push({ name, object: live, ...readiness, ...(paused === undefined ? {} : { paused }) });
    else waiting.push({ name, message: readiness.ready ? "" : readiness.message });
  }
  return {
    children,
    waiting,
    ready: wanted.every(({ readiness }) => readiness.ready),
    child<C extends KubeObject>(resource: Resource<C>, name: string, namespace?: string): Stored<C> | undefined {
      const found = wanted.find(
        ({ child: { resource: of, key } }) =>
          of.kind === resource.kind &&
          of.group === resource.group &&
          key.name === name &&
          (namespace === undefined || key.namespace === namespace),
      );
      return found?.live as Stored<C> | undefined;
    },
  };
}

/** What a reconcile without errors comes to. @param deletions what must wait to be deleted, for people */
export function verdictOf(handled: readonly Handled[], deletions: readonly string[]): Verdict {
  const wanted = handled.filter(({ type }) => type !== "left out").toSorted((a, b) => a.child.index - b.child.index);
  const unready = wanted.flatMap(({ child, readiness, type }) =>
    readiness.ready
      ? []
      : [{ text: `${child.title}: ${readiness.message}`, failed: readiness.failed, own: type === "in place" }],
  );
  // What only waits for others is less telling than what the others wait for.
  const sorted = unready.toSorted((a, b) => rank(a) - rank(b));
  const texts = [...sorted.map(({ text }) => text), ...deletions];
  if (unready.some(({ failed }) => failed)) return { type: "degraded", message: few(texts) };
  if (texts.length > 0) return { type: "progressing", message: few(texts) };
  const paused = wanted.flatMap(({ child, paused }) => (paused === undefined ? [] : [`${child.title} (${paused})`]));
  if (paused.length === 0) return { type: "ready" };
  return { type: "ready", message: `everything that is wanted is there and ready; left alone: ${few(paused)}` };
}

const rank = ({ failed, own }: { readonly failed: true | undefined; readonly own: boolean }): number =>
  failed ? 0 : own ? 1 : 2;

function few(texts: readonly string[]): string {
  const rest = texts.length > 3 ? `; and ${texts.length - 3} more` : "";
  return texts.slice(0, 3).join("; ") + rest;
}
