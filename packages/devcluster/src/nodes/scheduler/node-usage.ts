import type { Pod } from "@homeostat/api";
import type { StoreEvent } from "@homeostat/runtime";
import { type Amounts, requestsOf } from "./fit.ts";
import type { PlacedPod } from "./pod-affinity.ts";

/** What the pods of each node ask for, kept from events so that placing a pod need not read all others. */
export class NodeUsage {
  readonly #pods = new Map<string, { readonly place: PlacedPod; readonly amounts: Amounts }>();
  readonly #nodes = new Map<string, Record<string, number>>();

  observe({ type, object }: StoreEvent<Pod>): void {
    const pod = type === "deleted" ? undefined : object.object();
    const ended = pod?.status?.phase === "Succeeded" || pod?.status?.phase === "Failed";
    if (!pod || ended) this.remove(object.metadata.uid);
    else if (pod.spec?.nodeName) this.add(object.metadata.uid, pod.spec.nodeName, pod);
  }

  /** Counts a pod for a node, also before the cache knows of its binding. */
  add(uid: string, node: string, pod: Pod): void {
    if (this.#pods.has(uid)) return;
    const amounts = requestsOf(pod);
    const place = { node, namespace: pod.metadata?.namespace ?? "", labels: pod.metadata?.labels ?? {} };
    this.#pods.set(uid, { place, amounts });
    this.#count(node, amounts, 1);
  }

  remove(uid: string): void {
    const known = this.#pods.get(uid);
    if (!known) return;
    this.#pods.delete(uid);
    this.#count(known.place.node, known.amounts, -1);
  }

  of(node: string): Amounts {
    return this.#nodes.get(node) ?? {};
  }

  /** Every pod that is on a node. */
  *placed(): Iterable<PlacedPod> {
    for (const { place } of this.#pods.values()) yield place;
  }

  #count(node: string, amounts: Amounts, sign: 1 | -1): void {
    const totals = this.#nodes.get(node) ?? {};
    for (const [name, amount] of Object.entries(amounts)) totals[name] = (totals[name] ?? 0) + sign * amount;
    this.#nodes.set(node, totals);
  }
}
