import { fieldError, type JsonObject, qualifiedName, type StatusCause } from "@homeostat/api";
import { stringMap, strings, struct, structs, text } from "../json-fields.ts";
import { at, labels, problems } from "./checks.ts";

/** All annotations together, keys and values, in bytes. */
const annotationsLimit = 256 * 1024;

/**
 * What is wrong with the metadata of an object of any kind, its name apart, which is for the kind's strategy to judge.
 * Source: apimachinery, api/validation `ValidateObjectMetaAccessor`.
 */
export function validateObjectMeta(object: JsonObject): StatusCause[] {
  const metadata = struct(object, "metadata");
  return [
    ...labels(metadata, "labels", "metadata"),
    ...annotations(metadata),
    ...ownerReferences(metadata),
    ...finalizers(metadata),
  ];
}

function annotations(metadata: JsonObject | undefined): StatusCause[] {
  const path = "metadata.annotations";
  let bytes = 0;
  const causes = Object.entries(stringMap(metadata, "annotations")).flatMap(([key, value]) => {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    return problems(path, key, qualifiedName(key.toLowerCase()));
  });
  if (bytes > annotationsLimit) causes.push(fieldError.tooLong(path, annotationsLimit));
  return causes;
}

function ownerReferences(metadata: JsonObject | undefined): StatusCause[] {
  const path = "metadata.ownerReferences";
  const causes: StatusCause[] = [];
  let controller: string | undefined;
  for (const reference of structs(metadata, "ownerReferences")) {
    causes.push(...ownerReference(reference, path));
    if (reference["controller"] !== true) continue;
    const name = text(reference, "name");
    if (controller !== undefined) {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      causes.push(fieldError.invalid(path, metadata?.["ownerReferences"], why));
    }
    controller = name;
  }
  return causes;
}

function ownerReference(reference: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const apiVersion = text(reference, "apiVersion");
  // A bare group has no version after its slash.
  if ((apiVersion.split("/").at(-1) ?? "") === "")
    causes.push(fieldError.invalid(at(path, "apiVersion"), apiVersion, "version must not be empty"));
  for (const key of ["kind", "name", "uid"]) {
    if (text(reference, key) === "") causes.push(fieldError.invalid(at(path, key), "", `${key} must not be empty`));
  }
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  if (text(reference, "kind") === "Event" && (group === "" || group === "events.k8s.io")) {
    causes.push(fieldError.invalid(path, reference, `${apiVersion}, Kind=Event is disallowed from being an owner`));
  }
  return causes;
}

function finalizers(metadata: JsonObject | undefined): StatusCause[] {
  const path = "metadata.finalizers";
  const list = strings(metadata, "finalizers");
  const causes = list.flatMap((finalizer) => problems(path, finalizer, qualifiedName(finalizer)));
  if (list.includes("orphan") && list.includes("foregroundDeletion")) {
    causes.push(fieldError.invalid(path, list, "finalizer foregroundDeletion and orphan cannot be both set"));
  }
  return causes;
}
