import { TerminalError } from "../controller/reconciler.ts";
import type { WantedChild } from "./children.ts";
import { kindRank } from "./kind-order.ts";

/**
 * The next children that may be handled at once: of those whose dependencies are all handled, the ones of the earliest
 * kind. Without declared dependencies that is the order of kinds.
 */
export function nextWave(children: readonly WantedChild[], handled: ReadonlySet<string>): readonly WantedChild[] {
  const free = children.filter(({ id, dependsOn }) => !handled.has(id) && dependsOn.every((each) => handled.has(each)));
  const first = free.reduce((rank, { resource }) => Math.min(rank, kindRank(resource.kind)), Number.POSITIVE_INFINITY);
  return free.filter(({ resource }) => kindRank(resource.kind) === first);
}

/** @throws TerminalError naming the children of a cycle, in its order */
export function refuseCycles(children: readonly WantedChild[]): void {
  const byId = new Map(children.map((child) => [child.id, child]));
  const done = new Set<string>();
  const visit = (child: WantedChild, path: readonly WantedChild[]): void => {
    if (done.has(child.id)) return;
    const start = path.indexOf(child);
    if (start >= 0) {
      const names = [...path.slice(start), child].map(({ name }) => name).join(" → ");
      throw new TerminalError(`desired declares a cycle of dependencies: ${names}; leave one of them out of dependsOn`);
    }
    for (const id of child.dependsOn) visit(byId.get(id)!, [...path, child]);
    done.add(child.id);
  };
  for (const child of children) visit(child, []);
}
