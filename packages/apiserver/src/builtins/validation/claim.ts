import { dns1123Subdomain, fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { strings, struct, text } from "../json-fields.ts";
import { quantityValue } from "../quantity-value.ts";
import { at, atKey, labelSelector, oneOf, problems } from "./checks.ts";

export const accessModes = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/** Spec of a claim, also in templates. Source: core validation `ValidatePersistentVolumeClaimSpec`. */
export function validateClaimSpec(spec: JsonObject | undefined, path: string): StatusCause[] {
  const modes = strings(spec, "accessModes");
  const storage = struct(struct(spec, "resources"), "requests")?.["storage"];
  const where = `${path}.resources`;
  const className = text(spec, "storageClassName");
  const causes = [
    ...labelSelector(struct(spec, "selector"), at(path, "selector")),
    ...modes
      .filter((mode) => !accessModes.includes(mode))
      .map((mode) => fieldError.notSupported(at(path, "accessModes"), mode, [...accessModes].sort())),
    ...oneOf(spec, "volumeMode", path, ["Block", "Filesystem"]),
    ...(className === "" ? [] : problems(at(path, "storageClassName"), className, dns1123Subdomain(className))),
  ];
  if (modes.length === 0)
    causes.push(fieldError.required(at(path, "accessModes"), "at least 1 access mode is required"));
  if (modes.length > 1 && modes.includes("ReadWriteOncePod")) {
    causes.push(fieldError.forbidden(at(path, "accessModes"), "may not use ReadWriteOncePod with other access modes"));
  }
  if (storage === undefined) causes.push(fieldError.required(atKey(where, "storage")));
  else if ((quantityValue(storage) ?? 0) <= 0)
    causes.push(fieldError.invalid(`${where}.requests[storage]`, storage, "must be greater than zero"));
  return causes;
}
