import type { JsonObject } from "@homeostat/api";
import { flag, integer, strings, struct, structAt, structs, text } from "../../builtins/json-fields.ts";
import { type Check, type PodView, securityOf } from "./checks.ts";
import { containersText, distinct, plural, quoted, settersText } from "./wording.ts";

/** What a pod that runs beside others must not ask for. Source: Pod Security Standards, baseline. */

const defaultCapabilities = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

/** Kernel settings of a pod's own, by the minor that allowed them. */
const safeSysctls: Readonly<Record<string, number>> = {
  "kernel.shm_rmid_forced": 0,
  "net.ipv4.ip_local_port_range": 0,
  "net.ipv4.tcp_syncookies": 0,
  "net.ipv4.ping_group_range": 0,
  "net.ipv4.ip_unprivileged_port_start": 0,
  "net.ipv4.ip_local_reserved_ports": 27,
  "net.ipv4.tcp_keepalive_time": 29,
  "net.ipv4.tcp_fin_timeout": 29,
  "net.ipv4.tcp_keepalive_intvl": 29,
  "net.ipv4.tcp_keepalive_probes": 29,
  "net.ipv4.tcp_rmem": 32,
  "net.ipv4.tcp_wmem": 32,
};

const safeSeLinuxTypes: Readonly<Record<string, number>> = {
  "": 0,
  container_t: 0,
  container_init_t: 0,
  container_kvm_t: 0,
  container_engine_t: 31,
};

const appArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/";

/** Sorted by id. */
export const baseline: readonly Check[] = [
  { id: "appArmorProfile", find: appArmor },
  { id: "capabilities_baseline", find: ({ containers }) => addedCapabilities(containers) },
  { id: "hostNamespaces", find: hostNamespaces },
  { id: "hostPathVolumes", find: hostPaths },
  { id: "hostPorts", find: hostPorts },
  { id: "hostProbesAndhostLifecycle", since: 34, find: probeHosts },
  { id: "privileged", find: privileged },
  { id: "procMount", find: procMount },
  { id: "seLinuxOptions", find: seLinux },
  { id: "seccompProfile_baseline", since: 19, find: seccomp },
  { id: "sysctls", find: sysctls },
  { id: "windowsHostProcess", find: hostProcess },
];

function appArmor({ annotations, spec, containers }: PodView) {
  const details: string[] = [];
  const forbidden = (owner: JsonObject | undefined): boolean =>
    text(struct(securityOf(owner), "appArmorProfile"), "type") === "Unconfined";
  const bad = containers.filter(forbidden);
  if (forbidden(spec) || bad.length > 0)
    details.push(`${settersText(forbidden(spec), bad)} must not set AppArmor profile type to "Unconfined"`);
  const allowed = (profile: string): boolean =>
    profile === "" || profile === "runtime/default" || profile.startsWith("localhost/");
  const notes = Object.entries(annotations)
    .filter(([key, profile]) => key.startsWith(appArmorAnnotation) && !allowed(profile))
    .map(([key, profile]) => `${key}=${JSON.stringify(profile)}`)
    .sort();
  if (notes.length > 0) details.push(`${plural(notes.length, "annotation")} ${notes.join(", ")}`);
  const count = bad.length + notes.length + (forbidden(spec) ? 1 : 0);
  return count === 0
    ? undefined
    : { reason: plural(count, "forbidden AppArmor profile"), detail: details.join(" and ") };
}

function addedCapabilities(containers: readonly JsonObject[]) {
  const foreign = (container: JsonObject): string[] =>
    strings(struct(securityOf(container), "capabilities"), "add").filter((name) => !defaultCapabilities.has(name));
  const bad = containers.filter((container) => foreign(container).length > 0);
  if (bad.length === 0) return undefined;
  const names = quoted(distinct(bad.flatMap(foreign)));
  return {
    reason: "non-default capabilities",
    detail: `${containersText(bad)} must not include ${names} in securityContext.capabilities.add`,
  };
}

function hostNamespaces({ spec }: PodView) {
  const shared = ["hostNetwork", "hostPID", "hostIPC"].filter((field) => flag(spec, field));
  return shared.length === 0
    ? undefined
    : { reason: "host namespaces", detail: shared.map((field) => `${field}=true`).join(", ") };
}

function hostPaths({ spec }: PodView) {
  const names = structs(spec, "volumes")
    .filter((volume) => struct(volume, "hostPath"))
    .map((volume) => text(volume, "name"));
  return names.length === 0
    ? undefined
    : { reason: "hostPath volumes", detail: `${plural(names.length, "volume")} ${quoted(names)}` };
}

function hostPorts({ containers }: PodView) {
  const portsOf = (container: JsonObject): string[] =>
    structs(container, "ports").flatMap((port) =>
      integer(port, "hostPort") ? [String(integer(port, "hostPort"))] : [],
    );
  const bad = containers.filter((container) => portsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = distinct(bad.flatMap(portsOf));
  const uses = plural(bad.length, "uses", "use");
  return {
    reason: "hostPort",
    detail: `${containersText(bad)} ${uses} ${plural(ports.length, "hostPort")} ${ports.join(", ")}`,
  };
}

/** What a kubelet asks on behalf of a pod must be the pod. */
function probeHosts({ containers }: PodView) {
  const hostsOf = (container: JsonObject): string[] => {
    const lifecycle = ["postStart", "preStop"].map((hook) => structAt(container, "lifecycle", hook));
    const probes = ["livenessProbe", "readinessProbe", "startupProbe"].map((probe) => struct(container, probe));
    return [...probes, ...lifecycle]
      .flatMap((handler) => [text(struct(handler, "httpGet"), "host"), text(struct(handler, "tcpSocket"), "host")])
      .filter((host) => host !== "");
  };
  const bad = containers.filter((container) => hostsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const hosts = distinct(bad.flatMap(hostsOf));
  const uses = plural(bad.length, "uses", "use");
  return {
    reason: "probe or lifecycle host",
    detail: `${containersText(bad)} ${uses} probe or lifecycle ${plural(hosts.length, "host")} ${quoted(hosts)}`,
  };
}

function privileged({ containers }: PodView) {
  const bad = containers.filter((container) => flag(securityOf(container), "privileged"));
  return bad.length === 0
    ? undefined
    : { reason: "privileged", detail: `${containersText(bad)} must not set securityContext.privileged=true` };
}

function procMount({ containers }: PodView) {
  const mountOf = (container: JsonObject): string => text(securityOf(container), "procMount");
  const bad = containers.filter((container) => !["", "Default"].includes(mountOf(container)));
  if (bad.length === 0) return undefined;
  const types = quoted(distinct(bad.map(mountOf)));
  return { reason: "procMount", detail: `${containersText(bad)} must not set securityContext.procMount to ${types}` };
}

function seLinux({ spec, containers }: PodView, minor: number) {
  const optionsOf = (owner: JsonObject | undefined) => struct(securityOf(owner), "seLinuxOptions");
  const badType = (options: JsonObject | undefined): boolean =>
    !(minor >= (safeSeLinuxTypes[text(options, "type")] ?? Number.NaN));
  const bad = (owner: JsonObject | undefined): boolean => {
    const options = optionsOf(owner);
    return options !== undefined && (badType(options) || text(options, "user") !== "" || text(options, "role") !== "");
  };
  const owners = containers.filter(bad);
  if (!bad(spec) && owners.length === 0) return undefined;
  const all = [...(bad(spec) ? [optionsOf(spec)] : []), ...owners.map(optionsOf)];
  const types = distinct(all.filter(badType).map((options) => text(options, "type")));
  const problems = [
    ...(types.length > 0 ? [`${plural(types.length, "type")} ${quoted(types)}`] : []),
    ...(all.some((options) => text(options, "user") !== "") ? ["user may not be set"] : []),
    ...(all.some((options) => text(options, "role") !== "") ? ["role may not be set"] : []),
  ];
  return {
    reason: "seLinuxOptions",
    detail: `${settersText(bad(spec), owners)} set forbidden securityContext.seLinuxOptions: ${problems.join("; ")}`,
  };
}

export const seccompType = (owner: JsonObject | undefined): string =>
  text(struct(securityOf(owner), "seccompProfile"), "type");

export const safeSeccomp = (type: string): boolean => type === "RuntimeDefault" || type === "Localhost";

function seccomp({ spec, containers }: PodView) {
  const bad = (owner: JsonObject | undefined): boolean => seccompType(owner) !== "" && !safeSeccomp(seccompType(owner));
  const owners = containers.filter(bad);
  if (!bad(spec) && owners.length === 0) return undefined;
  const types = quoted(distinct([...(bad(spec) ? [seccompType(spec)] : []), ...owners.map(seccompType)]));
  return {
    reason: "seccompProfile",
    detail: `${settersText(bad(spec), owners)} must not set securityContext.seccompProfile.type to ${types}`,
  };
}

function sysctls({ spec }: PodView, minor: number) {
  const names = structs(securityOf(spec), "sysctls")
    .map((sysctl) => text(sysctl, "name"))
    .filter((name) => !(minor >= (safeSysctls[name] ?? Number.NaN)));
  return names.length === 0 ? undefined : { reason: "forbidden sysctls", detail: names.join(", ") };
}

function hostProcess({ spec, containers }: PodView) {
  const asks = (owner: JsonObject | undefined): boolean =>
    flag(struct(securityOf(owner), "windowsOptions"), "hostProcess");
  const bad = containers.filter(asks);
  if (!asks(spec) && bad.length === 0) return undefined;
  return {
    reason: "hostProcess",
    detail: `${settersText(asks(spec), bad)} must not set securityContext.windowsOptions.hostProcess=true`,
  };
}
