import type { KubeObject, Resource, Stored } from "@homeostat/api";
import type { Client } from "../client/client.ts";
import { addFinalizer, hasFinalizer, removeFinalizer } from "./finalizer.ts";

/** Cleans up one thing before an object goes. Throwing keeps its finalizer. */
export type FinalizerHandler<T extends KubeObject> = (object: Stored<T>) => Promise<void> | void;

export interface Finalized<T extends KubeObject> {
  /** The object after the writes; undefined: its last finalizer is off, so it is gone. */
  readonly object: Stored<T> | undefined;
  /** Whether finalizers were put on or taken off. */
  readonly updated: boolean;
}

/**
 * Several finalizers of one kind, each with a handler: for objects whose cleanup has independent parts, of which one
 * may fail while the others are done. One part only: give the controller a `cleanup`.
 *
 * Source: controller-runtime `pkg/finalizer`.
 */
export class Finalizers<T extends KubeObject> {
  readonly #resource: Resource<T>;
  readonly #handlers = new Map<string, FinalizerHandler<T>>();

  constructor(resource: Resource<T>) {
    this.#resource = resource;
  }

  /** @param finalizer qualified name, `example.com/volume` @throws Error where it is registered already */
  register(finalizer: string, handler: FinalizerHandler<T>): this {
    if (this.#handlers.has(finalizer))
      throw new Error(`finalizer "${finalizer}" of ${this.#resource.kind} is registered already: give it another name`);
    this.#handlers.set(finalizer, handler);
    return this;
  }

  /**
   * Puts what is missing on a live object; for one that is being deleted runs the handlers of what it carries, and
   * takes off those that succeed.
   *
   * @throws AggregateError with what the failed handlers threw, after all have run and the others are off
   */
  async finalize(client: Client, object: Stored<T>): Promise<Finalized<T>> {
    return object.metadata.deletionTimestamp === undefined ? this.#add(client, object) : this.#run(client, object);
  }

  async #add(client: Client, object: Stored<T>): Promise<Finalized<T>> {
    let current = object;
    for (const finalizer of this.#handlers.keys())
      if (!hasFinalizer(current, finalizer)) current = await addFinalizer(client, this.#resource, current, finalizer);
    return { object: current, updated: current !== object };
  }

  async #run(client: Client, object: Stored<T>): Promise<Finalized<T>> {
    const failures: unknown[] = [];
    const done: string[] = [];
    for (const [finalizer, handler] of this.#handlers) {
      if (!hasFinalizer(object, finalizer)) continue;
      try {
        await handler(object);
        done.push(finalizer);
      } catch (error) {
        failures.push(error);
      }
    }
    for (const finalizer of done) await removeFinalizer(client, this.#resource, object, finalizer);
    if (failures.length > 0) throw new AggregateError(failures, failureText(this.#resource, object, failures));
    const left = object.metadata.finalizers?.filter((each) => !done.includes(each)) ?? [];
    const current = left.length > 0 ? await client.find(this.#resource, object.metadata) : undefined;
    return { object: current, updated: done.length > 0 };
  }
}

function failureText(resource: Resource, { metadata }: Stored, failures: readonly unknown[]): string {
  const reasons = failures.map((error) => (error instanceof Error ? error.message : String(error)));
  const key = metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
  return `cleanup of ${resource.kind} ${key}: ${reasons.join("; ")}`;
}
