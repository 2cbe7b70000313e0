import type { Stored } from "@homeostat/api";
import { APPLIED_FOR } from "./annotations.ts";
import type { WantedChild } from "./children.ts";
import { contains, project } from "./converged.ts";

/**
 * What the server made of children that it does not store as given (`1000m` becomes `1`): without this they would
 * look drifted for ever. Only those are kept, and at most 10,000; what is not kept costs one request more.
 */
export class NormalizedChildren {
  readonly #known = new Map<string, { readonly hash: string; readonly expected: unknown }>();

  get(child: WantedChild): unknown {
    const known = this.#known.get(this.#id(child));
    return known?.hash === child.hash ? known.expected : undefined;
  }

  note(child: WantedChild, applied: Stored): void {
    const id = this.#id(child);
    this.#known.delete(id);
    if (contains(applied, child.configuration)) return;
    this.#known.set(id, { hash: child.hash, expected: project(applied, child.configuration) });
    if (this.#known.size > 10_000) this.#known.delete(this.#known.keys().next().value!);
  }

  #id({ id, configuration }: WantedChild): string {
    return `${configuration.metadata!.annotations![APPLIED_FOR]}/${id}`;
  }
}
