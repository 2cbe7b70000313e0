// What a running operator tells of itself: a metric of one's own beside the built-in ones, a trace per reconcile with its
// requests, and the ledger, which knows why each reconcile ran and what it wrote.
import { ConfigMap, defineResource } from "@homeostat/api";
import { type Cause, controllerFor, type Ledger, type ManagerOptions, runOperator } from "@homeostat/runtime";
import { Counter, Registry } from "prom-client";
import { z } from "zod";

export const Note = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Note",
  spec: z.object({ text: z.string() }),
});

/** @param tracing where spans go; true: to the provider that was registered with `@opentelemetry/api` */
export function noteOperator(tracing: ManagerOptions["tracing"] = true) {
  const registry = new Registry();
  const words = new Counter({ name: "notes_words_total", help: "Words put into ConfigMaps.", registers: [registry] });
  const notes = controllerFor(Note, { access: { children: [ConfigMap] } })
    .owns(ConfigMap)
    .reconcile(async ({ object: { metadata, spec }, client, log }) => {
      const { name, namespace } = metadata;
      const count = spec.text.split(/\s+/).length;
      await client.apply(ConfigMap, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace: namespace! },
        data: { text: spec.text },
      });
      words.inc(count);
      log.info({ count }, "Note is kept");
    });
  const operator = { name: "notes", resources: [Note], controllers: [notes] };
  return { operator, options: { registry, tracing } satisfies ManagerOptions };
}

/** Why an object was reconciled, and what that changed: a line for each time, oldest first. */
export const why = (ledger: Ledger, name: string): string[] =>
  ledger.entries({ name }).map(({ causes, outcome, writes }) => {
    const changed = writes
      .filter((write) => write.changed)
      .map((write) => `${write.verb} ${write.resource}/${write.name}`);
    return `${causes.map(causeText).join(", ")}: ${outcome}, ${changed.join(", ") || "nothing to change"}`;
  });

const causeText = (cause: Cause): string =>
  cause.type === "event" ? `${cause.resource}/${cause.name} was ${cause.event} by ${cause.writer}` : cause.type;

if (import.meta.main) {
  const { operator, options } = noteOperator();
  await runOperator(operator, { manager: options });
}
