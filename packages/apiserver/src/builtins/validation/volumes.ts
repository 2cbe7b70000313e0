import { dns1123Label, fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { flag, integer, struct, structs, text } from "../json-fields.ts";
import { quantityValue } from "../quantity-value.ts";
import { at, problems, required } from "./checks.ts";
import { validateClaimSpec } from "./claim.ts";

/** What sources demand to be told. */
const volumeFields: Readonly<Record<string, readonly string[]>> = {
  secret: ["secretName"],
  configMap: ["name"],
  persistentVolumeClaim: ["claimName"],
  hostPath: ["path"],
  nfs: ["server", "path"],
  csi: ["driver"],
};

/** Source: core validation `ValidateVolumes`. */
export function validateVolumes(volumes: readonly JsonObject[], path: string): StatusCause[] {
  const names = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const where = `${path}[${index}]`;
    const name = text(volume, "name");
    const causes = required(volume, "name", where);
    if (name !== "") causes.push(...problems(at(where, "name"), name, dns1123Label(name)));
    if (name !== "" && names.has(name)) causes.push(fieldError.duplicate(at(where, "name"), name));
    names.add(name);
    const given = Object.keys(volume).filter((key) => key !== "name");
    if (given.length === 0) causes.push(fieldError.required(where, "must specify a volume type"));
    for (const extra of given.slice(1))
      causes.push(fieldError.forbidden(at(where, extra), "may not specify more than 1 volume type"));
    for (const source of given) {
      const held = struct(volume, source);
      for (const field of volumeFields[source] ?? []) causes.push(...required(held, field, at(where, source)));
      causes.push(...(checks[source]?.(held, at(where, source)) ?? []));
    }
    return causes;
  });
}

type Check = (source: JsonObject | undefined, path: string) => StatusCause[];

const checks: Readonly<Record<string, Check>> = {
  emptyDir: (source, path) => {
    const limit = quantityValue(source?.["sizeLimit"]);
    if (limit === undefined || limit >= 0) return [];
    return [fieldError.forbidden(at(path, "sizeLimit"), "SizeLimit field must be a valid resource quantity")];
  },
  hostPath: validateHostPath,
  secret: files,
  configMap: files,
  downwardAPI: (source, path) => [
    ...mode(source, "defaultMode", path),
    ...structs(source, "items").flatMap((item, index) => downwardFile(item, `${at(path, "items")}[${index}]`)),
  ],
  projected: (source, path) => [
    ...mode(source, "defaultMode", path),
    ...structs(source, "sources").flatMap((each, index) => projection(each, `${at(path, "sources")}[${index}]`)),
  ],
  ephemeral: (source, path) => {
    const template = struct(source, "volumeClaimTemplate");
    const where = at(path, "volumeClaimTemplate");
    return template ? validateClaimSpec(struct(template, "spec"), `${where}.spec`) : [fieldError.required(where)];
  },
};

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

export function validateHostPath(source: JsonObject | undefined, path: string): StatusCause[] {
  const type = text(source, "type");
  return [
    ...noBackSteps(text(source, "path"), at(path, "path")),
    ...(hostPathTypes.includes(type) ? [] : [fieldError.notSupported(at(path, "type"), type, hostPathTypes)]),
  ];
}

function files(source: JsonObject | undefined, path: string): StatusCause[] {
  return [
    ...mode(source, "defaultMode", path),
    ...structs(source, "items").flatMap((item, index) => {
      const where = `${at(path, "items")}[${index}]`;
      return [...required(item, "key", where), ...filePath(item, where), ...mode(item, "mode", where)];
    }),
  ];
}

function downwardFile(item: JsonObject, path: string): StatusCause[] {
  const causes = [...filePath(item, path), ...mode(item, "mode", path)];
  const given = ["fieldRef", "resourceFieldRef"].filter((key) => struct(item, key));
  if (given.length === 0) causes.push(fieldError.required(path, "one of fieldRef and resourceFieldRef is required"));
  if (given.length > 1)
    causes.push(
      fieldError.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"),
    );
  return causes;
}

const shortestToken = 600;
const longestToken = 2 ** 32;

function projection(source: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const extra of Object.keys(source).slice(1))
    causes.push(fieldError.forbidden(at(path, extra), "may not specify more than 1 volume type"));
  for (const kind of ["secret", "configMap"]) {
    const held = struct(source, kind);
    if (held) causes.push(...required(held, "name", at(path, kind)), ...files(held, at(path, kind)));
  }
  structs(struct(source, "downwardAPI"), "items").forEach((item, index) => {
    causes.push(...downwardFile(item, `${path}.downwardAPI.items[${index}]`));
  });
  const token = struct(source, "serviceAccountToken");
  if (!token) return causes;
  const where = at(path, "serviceAccountToken");
  const seconds = integer(token, "expirationSeconds") ?? shortestToken;
  const late = at(where, "expirationSeconds");
  if (seconds < shortestToken)
    causes.push(fieldError.invalid(late, seconds, "may not specify a duration less than 10 minutes"));
  if (seconds > longestToken)
    causes.push(fieldError.invalid(late, seconds, "may not specify a duration larger than 2^32 seconds"));
  return [...causes, ...filePath(token, where)];
}

/** Permissions of files; nine bits, which people write in octal and JSON carries in decimal. */
function mode(holder: JsonObject | undefined, field: string, path: string): StatusCause[] {
  const value = integer(holder, field);
  if (value === undefined || (value >= 0 && value <= 0o777)) return [];
  const why = "must be a number between 0 and 0777 (octal), both inclusive";
  return [fieldError.invalid(at(path, field), value, why)];
}

function filePath(item: JsonObject, path: string): StatusCause[] {
  const given = text(item, "path");
  const where = at(path, "path");
  if (given === "") return [fieldError.required(where)];
  const causes = relativePath(given, where);
  if (given.startsWith("..") && !given.startsWith("../"))
    causes.push(fieldError.invalid(where, given, "must not start with '..'"));
  return causes;
}

/** A path within a volume. */
export function relativePath(given: string, path: string): StatusCause[] {
  if (given.startsWith("/")) return [fieldError.invalid(path, given, "must be a relative path")];
  return noBackSteps(given, path);
}

export function noBackSteps(given: string, path: string): StatusCause[] {
  return given.split("/").includes("..") ? [fieldError.invalid(path, given, "must not contain '..'")] : [];
}

/** What a container mounts or opens. Source: core validation `ValidateVolumeMounts` and `ValidateVolumeDevices`. */
export function validateMounts(
  container: JsonObject,
  path: string,
  volumes: ReadonlyMap<string, JsonObject>,
): StatusCause[] {
  const paths = new Set<string>();
  const privileged = flag(struct(container, "securityContext"), "privileged");
  return [
    ...structs(container, "volumeMounts").flatMap((mount, index) =>
      volumeMount(mount, `${at(path, "volumeMounts")}[${index}]`, { volumes, paths, privileged }),
    ),
    ...structs(container, "volumeDevices").flatMap((device, index) =>
      volumeDevice(device, `${at(path, "volumeDevices")}[${index}]`, { volumes, paths }),
    ),
  ];
}

interface Mounted {
  readonly volumes: ReadonlyMap<string, JsonObject>;
  readonly paths: Set<string>;
  readonly privileged?: boolean;
}

function volumeMount(mount: JsonObject, where: string, { volumes, paths, privileged }: Mounted): StatusCause[] {
  const name = text(mount, "name");
  const mountPath = text(mount, "mountPath");
  const causes = required(mount, "name", where);
  if (name !== "" && !volumes.has(name)) causes.push(fieldError.notFound(at(where, "name"), name));
  if (mountPath === "") causes.push(fieldError.required(at(where, "mountPath")));
  else if (paths.has(mountPath)) causes.push(fieldError.invalid(at(where, "mountPath"), mountPath, "must be unique"));
  paths.add(mountPath);
  const [plain, expanded] = [text(mount, "subPath"), text(mount, "subPathExpr")];
  if (plain !== "") causes.push(...relativePath(plain, at(where, "subPath")));
  if (expanded !== "") {
    if (plain !== "") {
      const why = "subPathExpr and subPath are mutually exclusive";
      causes.push(fieldError.invalid(at(where, "subPathExpr"), expanded, why));
    }
    causes.push(...relativePath(expanded, at(where, "subPathExpr")));
  }
  const propagation = text(mount, "mountPropagation");
  const known = ["Bidirectional", "HostToContainer", "None"];
  const path = at(where, "mountPropagation");
  if (propagation !== "" && !known.includes(propagation))
    causes.push(fieldError.notSupported(path, propagation, known));
  if (propagation === "Bidirectional" && !privileged) {
    const why = "Bidirectional mount propagation is available only to privileged containers";
    causes.push(fieldError.forbidden(path, why));
  }
  return causes;
}

function volumeDevice(device: JsonObject, where: string, { volumes, paths }: Mounted): StatusCause[] {
  const name = text(device, "name");
  const devicePath = text(device, "devicePath");
  const causes = required(device, "name", where);
  const volume = volumes.get(name);
  if (name !== "" && !volume) causes.push(fieldError.notFound(at(where, "name"), name));
  if (volume && !struct(volume, "persistentVolumeClaim") && !struct(volume, "ephemeral")) {
    const why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
    causes.push(fieldError.invalid(at(where, "name"), name, why));
  }
  if (devicePath === "") causes.push(fieldError.required(at(where, "devicePath")));
  else if (paths.has(devicePath))
    causes.push(fieldError.invalid(at(where, "devicePath"), devicePath, "must be unique"));
  else causes.push(...noBackSteps(devicePath, at(where, "devicePath")));
  return causes;
}

/** The volumes of a pod, by name. */
export function volumesByName(spec: JsonObject | undefined): ReadonlyMap<string, JsonObject> {
  return new Map(structs(spec, "volumes").map((volume) => [text(volume, "name"), volume]));
}
