import type { Pod } from "@homeostat/api";
import type { CachedObject, EventHandler } from "@homeostat/runtime";
import type { AppName } from "../resources/labels.ts";
import type { InstancePods } from "../status/instance-status.ts";
import { type PodStatus, podStatus } from "../status/pods-by-status.ts";

/**
 * How long to wait for more when pods or the status of objects change, in milliseconds: they come to be, and to be
 * ready, in groups.
 */
export const SETTLE_MS = 200;

const none: InstancePods = new Map();

/**
 * How the pods of all instances of one kind are, kept from the watch of pods, so that a reconcile reads a map instead of
 * searching thousands of pods. Nothing is decided by it but what a status shows.
 */
export class PodBook {
  readonly #instances = new Map<string, Map<string, Map<string, PodStatus>>>();

  /** Of the instance; pods that are being deleted do not count. */
  of({ namespace = "", name }: { readonly namespace?: string | undefined; readonly name: string }): InstancePods {
    return this.#instances.get(`${namespace}/${name}`) ?? none;
  }

  /** Of a watch of the pods: notes them, and wakes the instance whose picture changes. */
  readonly handler: EventHandler<Pod> = ({ type, object }, enqueue) => {
    const { namespace = "", name, labels, deletionTimestamp } = object.metadata;
    const instance = labels["app.kubernetes.io/instance"];
    const component = labels["app.kubernetes.io/component"];
    if (instance === undefined || component === undefined) return;
    const isGone = type === "deleted" || deletionTimestamp !== undefined;
    const status = isGone ? undefined : statusOf(object);
    if (this.#note(`${namespace}/${instance}`, component, name, status))
      enqueue({ namespace, name: instance }, { afterMs: SETTLE_MS });
  };

  /** @returns whether that is news */
  #note(instance: string, component: string, pod: string, status: PodStatus | undefined): boolean {
    const components = this.#instances.get(instance) ?? new Map<string, Map<string, PodStatus>>();
    const pods = components.get(component) ?? new Map<string, PodStatus>();
    if (pods.get(pod) === status) return false;
    if (status !== undefined) pods.set(pod, status);
    else pods.delete(pod);
    if (pods.size > 0) components.set(component, pods);
    else components.delete(component);
    if (components.size > 0) this.#instances.set(instance, components);
    else this.#instances.delete(instance);
    return true;
  }
}

/** What selects the pods of all instances of a kind. */
export const podSelector = (app: AppName): string =>
  `app.kubernetes.io/managed-by=tempo-operator,app.kubernetes.io/name=${app}`;

function statusOf(pod: CachedObject<Pod>): PodStatus {
  return podStatus((pod.field ? pod.field(["status"]) : pod.object().status) as Pod["status"]);
}
