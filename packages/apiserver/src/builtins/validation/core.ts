import { fieldError, type JsonObject, labelValue, qualifiedName, type StatusCause } from "@homeostat/api";
import {
  flag,
  isUnset,
  semanticallyEqual,
  stringMap,
  strings,
  struct,
  structAt,
  structs,
  text,
} from "../json-fields.ts";
import { quantityValue } from "../quantity-value.ts";
import { validateNodeSelector } from "./affinity.ts";
import {
  at,
  atKey,
  endpointAddress,
  immutable,
  ipAddress,
  oneOf,
  portNumber,
  problems,
  required,
  requiredOneOf,
} from "./checks.ts";
import { accessModes, validateClaimSpec } from "./claim.ts";
import { protocols } from "./containers.ts";
import { coreEvent, eventInNamespace, newEvent, newEventUpdate } from "./events.ts";
import type { KindValidation, ValidationByKind } from "./kind-validation.ts";
import { configKey } from "./names.ts";
import { limitRange, resourceQuota } from "./quotas.ts";
import { serviceValidation } from "./service.ts";
import { validateHostPath } from "./volumes.ts";

/** What a ConfigMap or a Secret may hold, in bytes. */
const sizeLimit = 1024 * 1024;

function keys(object: JsonObject, field: string): StatusCause[] {
  return Object.keys(struct(object, field) ?? {}).flatMap((key) => problems(atKey(field, key), key, configKey(key)));
}

const bytesOfBase64 = (value: string): number => Buffer.byteLength(value, "base64");

function size(bytes: number, field = ""): StatusCause[] {
  return bytes > sizeLimit ? [fieldError.tooLong(field, sizeLimit)] : [];
}

/** An object that was declared immutable stays so, with all it holds. */
function immutableOnceDeclared(object: JsonObject, old: JsonObject, ...fields: readonly string[]): StatusCause[] {
  if (!flag(old, "immutable")) return [];
  const forbidden = (field: string): StatusCause =>
    fieldError.forbidden(field, "field is immutable when `immutable` is set");
  return [
    ...(flag(object, "immutable") ? [] : [forbidden("immutable")]),
    ...fields.filter((field) => !semanticallyEqual(object[field], old[field])).map(forbidden),
  ];
}

const configMap: KindValidation = {
  object: (object) => {
    const data = stringMap(object, "data");
    const binary = stringMap(object, "binaryData");
    const overlap = Object.keys(binary).filter((key) => key in data);
    const bytes = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
    return [
      ...keys(object, "data"),
      ...keys(object, "binaryData"),
      ...overlap.map((key) => fieldError.invalid(atKey("data", key), key, "duplicate of key present in binaryData")),
      ...size(Object.values(binary).reduce((sum, value) => sum + bytesOfBase64(value), bytes)),
    ];
  },
  update: (object, old) => immutableOnceDeclared(object, old, "data", "binaryData"),
};

/** Keys that a type of Secret promises to its readers. */
const secretKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
};

const secret: KindValidation = {
  object: (object) => {
    const data = stringMap(object, "data");
    const bytes = Object.values(data).reduce((sum, value) => sum + bytesOfBase64(value), 0);
    const promised = secretKeys[text(object, "type")] ?? [];
    return [
      ...keys(object, "data"),
      ...size(bytes, "data"),
      ...promised.filter((key) => !(key in data)).map((key) => fieldError.required(atKey("data", key))),
      ...(text(object, "type").startsWith("kubernetes.io/docker") ? dockerConfig(data, promised[0]!) : []),
      ...secretOfType(object, data),
    ];
  },
  update: (object, old) => [...immutable(object, old, "", "type"), ...immutableOnceDeclared(object, old, "data")],
};

function secretOfType(object: JsonObject, data: Readonly<Record<string, string>>): StatusCause[] {
  switch (text(object, "type")) {
    case "kubernetes.io/basic-auth":
      if ("username" in data || "password" in data) return [];
      return ["username", "password"].map((key) => fieldError.required(atKey("data", key)));
    case "kubernetes.io/service-account-token": {
      const annotation = "kubernetes.io/service-account.name";
      const given = stringMap(struct(object, "metadata"), "annotations")[annotation] ?? "";
      return given === "" ? [fieldError.required(atKey("metadata.annotations", annotation))] : [];
    }
    default:
      return [];
  }
}

function dockerConfig(data: Readonly<Record<string, string>>, key: string): StatusCause[] {
  const value = data[key];
  if (value === undefined) return [];
  try {
    JSON.parse(Buffer.from(value, "base64").toString("utf8"));
    return [];
  } catch {
    return [fieldError.invalid(atKey("data", key), "<secret contents redacted>", "must be valid JSON")];
  }
}

const claim: KindValidation = {
  object: (object) => validateClaimSpec(struct(object, "spec"), "spec"),
  update: (object, old) => {
    const spec = struct(object, "spec");
    const before = struct(old, "spec");
    const causes: StatusCause[] = [];
    if (!semanticallyEqual(fixedPartOfClaim(spec, before), fixedPartOfClaim(before, before))) {
      causes.push(
        fieldError.forbidden(
          "spec",
          "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        ),
      );
    }
    const size = quantityValue(struct(struct(spec, "resources"), "requests")?.["storage"]);
    const oldSize = quantityValue(struct(struct(before, "resources"), "requests")?.["storage"]);
    const capacity = quantityValue(struct(struct(old, "status"), "capacity")?.["storage"]);
    // Only what is made smaller is judged: a volume may be larger than was asked for.
    const shrinks = size !== undefined && oldSize !== undefined && size < oldSize;
    if (shrinks && capacity !== undefined && size < capacity) {
      causes.push(
        fieldError.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"),
      );
    }
    return causes;
  },
};

/** All but the size; the volume may be filled in once, by the binder, and a class where there was none. */
function fixedPartOfClaim(spec: JsonObject | undefined, before: JsonObject | undefined): JsonObject {
  const copy = structuredClone(spec ?? {});
  delete struct(copy, "resources")?.["requests"];
  delete copy["volumeAttributesClassName"];
  for (const key of ["volumeName", "storageClassName"]) if (isUnset(before, key)) delete copy[key];
  return copy;
}

/** What a volume says besides where it is. */
const volumeFacts = [
  "capacity",
  "accessModes",
  "claimRef",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "mountOptions",
  "volumeMode",
  "nodeAffinity",
  "volumeAttributesClassName",
];

const volume: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const sources = Object.keys(spec ?? {}).filter((key) => !volumeFacts.includes(key));
    const modes = strings(spec, "accessModes");
    const affinity = structAt(spec, "nodeAffinity", "required");
    const causes = oneOf(spec, "persistentVolumeReclaimPolicy", "spec", ["Delete", "Recycle", "Retain"]);
    if (modes.length === 0) causes.push(fieldError.required("spec.accessModes"));
    for (const mode of modes.filter((each) => !accessModes.includes(each)))
      causes.push(fieldError.notSupported("spec.accessModes", mode, [...accessModes].sort()));
    if (modes.length > 1 && modes.includes("ReadWriteOncePod"))
      causes.push(fieldError.forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes"));
    if (Object.keys(struct(spec, "capacity") ?? {}).length === 0) causes.push(fieldError.required("spec.capacity"));
    if (sources.length === 0) causes.push(fieldError.required("spec", "must specify a volume type"));
    for (const extra of sources.slice(1))
      causes.push(fieldError.forbidden(at("spec", extra), "may not specify more than 1 volume type"));
    if (struct(spec, "hostPath")) causes.push(...validateHostPath(struct(spec, "hostPath"), "spec.hostPath"));
    if (struct(spec, "local")) {
      causes.push(...required(struct(spec, "local"), "path", "spec.local"));
      if (!affinity) causes.push(fieldError.required("spec.nodeAffinity", "Local volume requires node affinity"));
    }
    if (struct(spec, "csi"))
      for (const key of ["driver", "volumeHandle"]) causes.push(...required(struct(spec, "csi"), key, "spec.csi"));
    if (affinity) causes.push(...validateNodeSelector(affinity, "spec.nodeAffinity.required"));
    return causes;
  },
  update: (object, old) => {
    const source = (spec: JsonObject = {}): JsonObject =>
      Object.fromEntries(Object.entries(spec).filter(([key]) => !volumeFacts.includes(key)));
    const same = semanticallyEqual(source(struct(object, "spec")), source(struct(old, "spec")));
    return [
      ...(same
        ? []
        : [
            fieldError.forbidden(
              "spec.persistentvolumesource",
              "spec.persistentvolumesource is immutable after creation",
            ),
          ]),
      ...immutable(struct(object, "spec"), struct(old, "spec"), "spec", "volumeMode"),
    ];
  },
};

const node: KindValidation = {
  object: (object) => {
    const seen = new Set<string>();
    return structs(struct(object, "spec"), "taints").flatMap((taint, index) => {
      const path = `spec.taints[${index}]`;
      const key = text(taint, "key");
      const id = `${key}:${text(taint, "effect")}`;
      const causes = [
        ...problems(at(path, "key"), key, qualifiedName(key)),
        ...problems(at(path, "value"), text(taint, "value"), labelValue(text(taint, "value"))),
        ...requiredOneOf(taint, "effect", path, ["NoExecute", "NoSchedule", "PreferNoSchedule"]),
      ];
      if (seen.has(id)) {
        const why = fieldError.duplicate(path, taint);
        causes.push({ ...why, message: `${why.message}: taints must be unique by key and effect pair` });
      }
      seen.add(id);
      return causes;
    });
  },
  update: (object, old) => {
    const spec = struct(object, "spec");
    const before = struct(old, "spec");
    // Both are written once, by whoever runs the machine.
    return ["podCIDR", "providerID"]
      .filter((key) => !isUnset(before, key) && spec?.[key] !== before?.[key])
      .map((key) => fieldError.forbidden(at("spec", key), 'node updates may not change it except from "" to valid'));
  },
};

const endpoints: KindValidation = {
  object: (object) =>
    structs(object, "subsets").flatMap((subset, index) => {
      const path = `subsets[${index}]`;
      const lists = ["addresses", "notReadyAddresses"];
      const ports = structs(subset, "ports");
      return [
        ...(lists.every((list) => structs(subset, list).length === 0)
          ? [fieldError.required(path, "must specify `addresses` or `notReadyAddresses`")]
          : []),
        ...lists.flatMap((list) =>
          structs(subset, list).flatMap((address, each) => {
            const where = `${path}.${list}[${each}].ip`;
            const found = ipAddress(text(address, "ip"), where);
            return found.length > 0 ? found : endpointAddress(text(address, "ip"), where);
          }),
        ),
        ...ports.flatMap((port, each) => [
          ...(ports.length > 1 ? required(port, "name", `${path}.ports[${each}]`) : []),
          ...portNumber(port, "port", `${path}.ports[${each}]`),
          ...requiredOneOf(port, "protocol", `${path}.ports[${each}]`, protocols),
        ]),
      ];
    }),
};

export const coreValidations: ValidationByKind = {
  "/ConfigMap": configMap,
  "/Secret": secret,
  "/Service": serviceValidation,
  "/PersistentVolumeClaim": claim,
  "/PersistentVolume": volume,
  "/LimitRange": limitRange,
  "/ResourceQuota": resourceQuota,
  "/Node": node,
  "/Endpoints": endpoints,
  "/Event": { object: eventInNamespace, create: coreEvent },
  "events.k8s.io/Event": { object: eventInNamespace, create: newEvent, update: newEventUpdate },
};
