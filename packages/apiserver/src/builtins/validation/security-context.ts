import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { flag, isUnset, strings, struct, structs, text } from "../json-fields.ts";
import { at, oneOf } from "./checks.ts";

const largestId = 2_147_483_647;

/** Whom a pod runs as. Source: core validation `ValidatePodSecurityContext`. */
export function validatePodSecurity(spec: JsonObject | undefined, path: string): StatusCause[] {
  const context = struct(spec, "securityContext");
  const where = at(path, "securityContext");
  const causes = [...whoRuns(context, where), ...ids(context, where, "fsGroup")];
  if (flag(spec, "shareProcessNamespace") && flag(spec, "hostPID")) {
    const why = "ShareProcessNamespace and HostPID cannot both be enabled";
    causes.push(fieldError.invalid(at(path, "shareProcessNamespace"), true, why));
  }
  if (spec?.["hostUsers"] === false) {
    for (const key of ["hostNetwork", "hostPID", "hostIPC"])
      if (flag(spec, key)) causes.push(fieldError.forbidden(at(path, key), "when `hostUsers` is false"));
  }
  const groups = context?.["supplementalGroups"];
  if (Array.isArray(groups)) {
    groups.forEach((id, index) => {
      causes.push(...identifier(id, `${where}.supplementalGroups[${index}]`));
    });
  }
  return [
    ...causes,
    ...oneOf(context, "fsGroupChangePolicy", where, ["Always", "OnRootMismatch"]),
    ...oneOf(context, "supplementalGroupsPolicy", where, ["Merge", "Strict"]),
    ...sysctls(context, where, flag(spec, "hostNetwork"), flag(spec, "hostIPC")),
  ];
}

/** Source: core validation `ValidateSecurityContext`. */
export function validateContainerSecurity(context: JsonObject | undefined, path: string): StatusCause[] {
  if (!context) return [];
  const causes = whoRuns(context, path);
  causes.push(...oneOf(context, "procMount", path, ["Default", "Unmasked"]));
  if (context["allowPrivilegeEscalation"] !== false) return causes;
  if (flag(context, "privileged")) {
    const why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
    causes.push(fieldError.invalid(path, context, why));
  }
  if (strings(struct(context, "capabilities"), "add").includes("CAP_SYS_ADMIN")) {
    const why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
    causes.push(fieldError.invalid(path, context, why));
  }
  return causes;
}

function whoRuns(context: JsonObject | undefined, path: string): StatusCause[] {
  return [
    ...ids(context, path, "runAsUser", "runAsGroup"),
    ...profile(context, path, {
      field: "seccompProfile",
      local: "must be set when seccomp type is Localhost",
      extra: "can only be set when seccomp type is Localhost",
    }),
    ...profile(context, path, {
      field: "appArmorProfile",
      local: "must be set when AppArmor type is Localhost",
      extra: "can only be set when AppArmor type is Localhost",
    }),
  ];
}

function ids(context: JsonObject | undefined, path: string, ...fields: readonly string[]): StatusCause[] {
  return fields.flatMap((field) => identifier(context?.[field], at(path, field)));
}

function identifier(id: unknown, path: string): StatusCause[] {
  if (typeof id !== "number" || (id >= 0 && id <= largestId)) return [];
  return [fieldError.invalid(path, id, `must be between 0 and ${largestId}, inclusive`)];
}

interface ProfileRule {
  readonly field: string;
  readonly local: string;
  readonly extra: string;
}

/** A profile is the runtime's own, none, or one on the node, which then has a name. */
function profile(context: JsonObject | undefined, path: string, rule: ProfileRule): StatusCause[] {
  const given = struct(context, rule.field);
  if (!given) return [];
  const where = at(path, rule.field);
  const type = text(given, "type");
  const named = at(where, "localhostProfile");
  if (type === "") return [fieldError.required(at(where, "type"), `type is required when ${rule.field} is set`)];
  const causes = oneOf(given, "type", where, ["Localhost", "RuntimeDefault", "Unconfined"]);
  if (type === "Localhost" && isUnset(given, "localhostProfile")) causes.push(fieldError.required(named, rule.local));
  if (type !== "Localhost" && !isUnset(given, "localhostProfile"))
    causes.push(fieldError.invalid(named, text(given, "localhostProfile"), rule.extra));
  return causes;
}

const sysctlName = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const sysctlPattern = new RegExp(sysctlName);

function sysctls(context: JsonObject | undefined, path: string, network: boolean, ipc: boolean): StatusCause[] {
  const seen = new Set<string>();
  return structs(context, "sysctls").flatMap((sysctl, index) => {
    const where = `${at(path, "sysctls")}[${index}].name`;
    const name = text(sysctl, "name");
    const causes: StatusCause[] = [];
    if (name === "") causes.push(fieldError.required(where));
    else if (name.length > 253 || !sysctlPattern.test(name))
      causes.push(fieldError.invalid(where, name, `must have at most 253 characters and match regex ${sysctlName}`));
    else if (seen.has(name)) causes.push(fieldError.duplicate(where, name));
    seen.add(name);
    const plain = name.replaceAll("/", ".");
    if (network && plain.startsWith("net."))
      causes.push(fieldError.invalid(where, name, "may not be specified when 'hostNetwork' is true"));
    if (ipc && (plain.startsWith("kernel.shm") || plain.startsWith("kernel.msg") || plain === "kernel.sem"))
      causes.push(fieldError.invalid(where, name, "may not be specified when 'hostIPC' is true"));
    return causes;
  });
}

/** What a pod of Windows cannot have. Source: core validation `validateWindows`. */
export function validateWindows(spec: JsonObject | undefined, path: string): StatusCause[] {
  const os = struct(spec, "os");
  if (!os) return [];
  const known = ["linux", "windows"];
  const name = text(os, "name");
  if (name === "") return [fieldError.required(`${path}.os.name`, "cannot be empty")];
  if (!known.includes(name)) return [fieldError.notSupported(`${path}.os`, name, known)];
  const linux = name === "linux";
  const refuse = (holder: JsonObject | undefined, where: string, fields: readonly string[]): StatusCause[] =>
    fields
      .filter((field) => !isUnset(holder, field) && holder?.[field] !== false)
      .map((field) => fieldError.forbidden(at(where, field), `cannot be set for a ${linux ? "linux" : "windows"} pod`));
  const pod = linux
    ? ["windowsOptions"]
    : [...ofLinux, "fsGroup", "fsGroupChangePolicy", "sysctls", "supplementalGroups"];
  const container = linux
    ? ["windowsOptions"]
    : [...ofLinux, "capabilities", "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation", "procMount"];
  return [
    ...(linux ? [] : refuse(spec, path, ["hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"])),
    ...refuse(struct(spec, "securityContext"), at(path, "securityContext"), pod),
    ...["containers", "initContainers"].flatMap((list) =>
      structs(spec, list).flatMap((each, index) =>
        refuse(struct(each, "securityContext"), `${at(path, list)}[${index}].securityContext`, container),
      ),
    ),
  ];
}

const ofLinux = ["appArmorProfile", "seLinuxOptions", "seccompProfile", "runAsUser", "runAsGroup"];
