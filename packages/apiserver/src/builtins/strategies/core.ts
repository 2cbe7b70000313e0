import type { JsonObject } from "@homeostat/api";
import { eventFieldNames, eventFields, newEventFieldNames, newEventFields } from "../events.ts";
import { assign, ensure, strings, struct, structs, text } from "../json-fields.ts";
import { finalizeNamespace, namespaceFinalizer } from "../namespace.ts";
import { fieldsByPath, type RulesByKind } from "./rules.ts";

/** Rules of the core group's kinds that run nothing. */
export const coreRules: RulesByKind = {
  "/Namespace": {
    ...fieldsByPath("status.phase"),
    prepareForCreate(namespace) {
      const spec = ensure(namespace, "spec");
      const finalizers = strings(spec, "finalizers");
      if (!finalizers.includes(namespaceFinalizer)) spec["finalizers"] = [...finalizers, namespaceFinalizer];
    },
    prepareForUpdate(namespace, old, context) {
      // Only `/finalize` takes finalizers from the spec away.
      if (context.subresource === undefined)
        assign(ensure(namespace, "spec"), "finalizers", struct(old, "spec")?.["finalizers"]);
    },
    parts: { finalize: finalizeNamespace },
  },
  "/Node": { ...fieldsByPath("spec.unschedulable"), fields: nodeFields },
  "/Secret": fieldsByPath("type"),
  "/ServiceAccount": { prepareForCreate: keepOnlyNames, prepareForUpdate: keepOnlyNames },
  "/PersistentVolumeClaim": { prepareForCreate: (claim) => mirrorDataSource(claim) },
  "/Event": { fields: eventFields, fieldNames: eventFieldNames },
  "events.k8s.io/Event": { fields: newEventFields, fieldNames: newEventFieldNames },
  "/Endpoints": { warnings: () => ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"] },
};

/** Absent reads as false: it is a plain boolean. */
function nodeFields(node: JsonObject): Record<string, string> {
  return { "spec.unschedulable": String(struct(node, "spec")?.["unschedulable"] === true) };
}

/** A service account points at secrets of its own namespace: all but the name of the reference is dropped. */
function keepOnlyNames(serviceAccount: JsonObject): void {
  const secrets = structs(serviceAccount, "secrets");
  if (secrets.length > 0) serviceAccount["secrets"] = secrets.map((secret) => ({ name: text(secret, "name") }));
}

/** What a claim is filled from has an old name and a new one: whoever gives one gives both. Source: KEP-1495. */
function mirrorDataSource(claim: JsonObject): void {
  const spec = struct(claim, "spec");
  const [old, reference] = [struct(spec, "dataSource"), struct(spec, "dataSourceRef")];
  if (!spec || text(reference, "namespace") !== "") return;
  if (old && !reference) spec["dataSourceRef"] = structuredClone(old);
  else if (reference && !old) spec["dataSource"] = structuredClone(reference);
}
