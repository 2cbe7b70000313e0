import { groupResource } from "@homeostat/api";
import type { SpanContext } from "@opentelemetry/api";
import type { WriteRecord } from "../client/write-observer.ts";
import type { Cause } from "../ledger/cause.ts";

/** Most writes that are remembered: those of the last moments, whose events are on their way. */
const remembered = 10_000;

/** Remembers which span made which version of an object, so that the event about it leads back to the span. */
export class WriteTraces {
  readonly #spans = new Map<string, SpanContext>();

  add({ resource, namespace, name, result, changed, dryRun }: WriteRecord, span: SpanContext): void {
    const resourceVersion = result?.metadata?.resourceVersion;
    if (resourceVersion === undefined || changed === false || dryRun) return;
    this.#spans.set(versionKey(groupResource(resource), namespace, name, resourceVersion), span);
    if (this.#spans.size > remembered) this.#spans.delete(this.#spans.keys().next().value!);
  }

  /** The span whose write the event tells of, if it was one of this process. */
  of(cause: Extract<Cause, { type: "event" }>): SpanContext | undefined {
    return this.#spans.get(versionKey(cause.resource, cause.namespace, cause.name, cause.resourceVersion));
  }
}

const versionKey = (resource: string, namespace: string | undefined, name: string, version: string): string =>
  `${resource}/${namespace ?? ""}/${name}@${version}`;
