import type { JsonObject, StatusCause } from "@homeostat/api";
import { dns1123Subdomain, fieldError } from "@homeostat/api";
import { copyJson } from "../patch/json-value.ts";
import type { Strategy, StrategyContext } from "../registry/served-resource.ts";
import type { DefinitionVersion } from "./definition.ts";
import { listAt, objectAt } from "./definition.ts";
import { compileJsonPath } from "./json-path.ts";
import { ownField } from "./json-schema-props.ts";

/**
 * The rules of custom objects: `generation` counts changes outside of metadata (and of status, where it has its own
 * subresource; the registry counts), `status` is written only through that, an update must say which version it
 * replaces.
 * Source: apiextensions, registry/customresource `customResourceStrategy`.
 */
export function customStrategy(version: DefinitionVersion): Strategy {
  const { hasStatus } = version;
  const fields = selectableFields(version);
  return {
    generation: true,
    status: hasStatus,
    unconditionalUpdate: false,
    createOnUpdate: false,
    deleteReturnsObject: false,
    nameProblem: (name) => dns1123Subdomain(name)[0],
    ...(fields.size > 0
      ? { fieldNames: [...fields.keys()], fields: (object: JsonObject) => valuesOf(object, fields) }
      : {}),

    prepareForCreate(object) {
      if (hasStatus) delete object["status"];
    },

    prepareForUpdate(object, old, context) {
      if (hasStatus) restrictToSubresource(object, old, context);
    },

    validate: (object) => scaleReplicaProblems(object, version),
    validateUpdate: (object) => scaleReplicaProblems(object, version),

    warnings(object, old) {
      const before = new Set(old ? listAt(objectAt(old, "metadata"), "finalizers") : []);
      return listAt(objectAt(object, "metadata"), "finalizers")
        .filter((finalizer): finalizer is string => typeof finalizer === "string")
        .filter((finalizer) => !finalizer.includes("/") && !before.has(finalizer))
        .map(
          (finalizer) =>
            `metadata.finalizers: ${JSON.stringify(finalizer)}: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers`,
        );
    },
  };
}

const identity = new Set(["apiVersion", "kind", "metadata"]);

/** A write of the object keeps the stored status; a write of the status keeps everything else. */
function restrictToSubresource(object: JsonObject, old: JsonObject, { subresource }: StrategyContext): void {
  if (subresource !== "status") {
    copyField("status", old, object);
    return;
  }
  // Taken out and put back, so that fields keep their usual order: the status comes last.
  const status = ownField(object, "status");
  for (const name of Object.keys(object)) if (!identity.has(name)) delete object[name];
  for (const name of Object.keys(old)) if (!identity.has(name) && name !== "status") copyField(name, old, object);
  if (status !== undefined) object["status"] = status;
  // Of metadata only what the server itself writes follows: who owns which field, and the version to replace.
  const sent = objectAt(object, "metadata");
  const metadata: JsonObject = copyJson(objectAt(old, "metadata"));
  copyField("managedFields", sent, metadata);
  copyField("resourceVersion", sent, metadata);
  object["metadata"] = metadata;
}

function copyField(name: string, from: JsonObject, to: JsonObject): void {
  const value = ownField(from, name);
  if (value === undefined) delete to[name];
  else to[name] = copyJson(value);
}

/** A kind that can be scaled cannot be scaled below zero, whatever its schema allows. */
function scaleReplicaProblems(object: JsonObject, version: DefinitionVersion): StatusCause[] {
  if (!version.hasScale) return [];
  const scale = objectAt(objectAt(version.source, "subresources"), "scale");
  const causes: StatusCause[] = [];
  for (const field of ["specReplicasPath", "statusReplicasPath"]) {
    const path = scale[field];
    if (typeof path !== "string") continue;
    const read = compileJsonPath(path);
    const value = typeof read === "string" ? undefined : read(object)[0];
    if (typeof value === "number" && value < 0) {
      causes.push(fieldError.invalid(path.slice(1), value, "should be a non-negative integer"));
    }
  }
  return causes;
}

type FieldReaders = ReadonlyMap<string, (object: JsonObject) => string>;

function selectableFields(version: DefinitionVersion): FieldReaders {
  const readers = new Map<string, (object: JsonObject) => string>();
  for (const path of version.selectablePaths) {
    const read = compileJsonPath(path);
    if (typeof read === "string") continue;
    readers.set(path.replace(/^\./, ""), (object) => {
      const value = read(object)[0];
      return value === undefined || value === null || typeof value === "object" ? "" : String(value);
    });
  }
  return readers;
}

function valuesOf(object: JsonObject, readers: FieldReaders): Record<string, string> {
  return Object.fromEntries([...readers].map(([name, read]) => [name, read(object)]));
}
