import type { JsonObject } from "@homeostat/api";
import { strings, struct, structs, text } from "../../builtins/json-fields.ts";
import { safeSeccomp, seccompType } from "./baseline.ts";
import { type Check, type PodView, securityOf } from "./checks.ts";
import { containersText, distinct, plural, quoted, settersText } from "./wording.ts";

/** What a hardened pod says of itself. Source: Pod Security Standards, restricted. */

/** Kinds of volumes that bring nothing of the node along, by the minor that allowed them. */
const safeVolumes: Readonly<Record<string, number>> = {
  configMap: 0,
  csi: 0,
  downwardAPI: 0,
  emptyDir: 0,
  ephemeral: 0,
  persistentVolumeClaim: 0,
  projected: 0,
  secret: 0,
  image: 31,
};

/** Since this minor, what only Linux knows is not asked of pods for Windows. */
const windowsSince = 25;

/** Sorted by id. */
export const restricted: readonly Check[] = [
  { id: "allowPrivilegeEscalation", since: 8, find: escalation },
  { id: "capabilities_restricted", since: 22, replaces: ["capabilities_baseline"], find: capabilities },
  { id: "restrictedVolumes", replaces: ["hostPathVolumes"], find: volumes },
  { id: "runAsNonRoot", find: nonRoot },
  { id: "runAsUser", since: 23, find: rootUser },
  { id: "seccompProfile_restricted", since: 19, replaces: ["seccompProfile_baseline"], find: seccomp },
];

const isForWindows = ({ spec }: PodView, minor: number): boolean =>
  minor >= windowsSince && text(struct(spec, "os"), "name") === "windows";

function escalation(pod: PodView, minor: number) {
  if (isForWindows(pod, minor)) return undefined;
  const bad = pod.containers.filter((container) => securityOf(container)?.["allowPrivilegeEscalation"] !== false);
  return bad.length === 0
    ? undefined
    : {
        reason: "allowPrivilegeEscalation != false",
        detail: `${containersText(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      };
}

function capabilities(pod: PodView, minor: number) {
  if (isForWindows(pod, minor)) return undefined;
  const listOf = (container: JsonObject, list: string): string[] =>
    strings(struct(securityOf(container), "capabilities"), list);
  const added = (container: JsonObject): string[] =>
    listOf(container, "add").filter((name) => name !== "NET_BIND_SERVICE");
  const keeping = pod.containers.filter((container) => !listOf(container, "drop").includes("ALL"));
  const adding = pod.containers.filter((container) => added(container).length > 0);
  const details = [
    ...(keeping.length > 0 ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [
          `${containersText(adding)} must not include ${quoted(distinct(adding.flatMap(added)))} in securityContext.capabilities.add`,
        ]
      : []),
  ];
  return details.length === 0 ? undefined : { reason: "unrestricted capabilities", detail: details.join("; ") };
}

function volumes({ spec }: PodView, minor: number) {
  const typeOf = (volume: JsonObject): string => Object.keys(volume).find((key) => key !== "name") ?? "emptyDir";
  const bad = structs(spec, "volumes").filter((volume) => !(minor >= (safeVolumes[typeOf(volume)] ?? Number.NaN)));
  if (bad.length === 0) return undefined;
  const names = `${plural(bad.length, "volume")} ${quoted(bad.map((volume) => text(volume, "name")))}`;
  const types = distinct(bad.map(typeOf));
  return {
    reason: "restricted volume types",
    detail: `${names} ${plural(bad.length, "uses", "use")} restricted volume ${plural(types.length, "type")} ${quoted(types)}`,
  };
}

/** The pod's word holds for containers that say nothing; what a container says holds for it alone. */
function nonRoot({ spec, containers }: PodView) {
  const said = (owner: JsonObject | undefined) => securityOf(owner)?.["runAsNonRoot"];
  const bad = containers.filter((container) => said(container) === false);
  const silent = said(spec) === true ? [] : containers.filter((container) => typeof said(container) !== "boolean");
  // Where every container speaks for itself, the pod's word does not matter.
  const badPod = said(spec) === false && silent.length > 0;
  if (badPod || bad.length > 0) {
    const setters = settersText(badPod, bad);
    return { reason: "runAsNonRoot != true", detail: `${setters} must not set securityContext.runAsNonRoot=false` };
  }
  return silent.length === 0
    ? undefined
    : {
        reason: "runAsNonRoot != true",
        detail: `pod or ${containersText(silent)} must set securityContext.runAsNonRoot=true`,
      };
}

function rootUser({ spec, containers }: PodView) {
  const isRoot = (owner: JsonObject | undefined): boolean => securityOf(owner)?.["runAsUser"] === 0;
  const bad = containers.filter(isRoot);
  if (!isRoot(spec) && bad.length === 0) return undefined;
  return { reason: "runAsUser=0", detail: `${settersText(isRoot(spec), bad)} must not set runAsUser=0` };
}

function seccomp(pod: PodView, minor: number) {
  if (isForWindows(pod, minor)) return undefined;
  const { spec, containers } = pod;
  const unsafe = (owner: JsonObject | undefined): boolean =>
    seccompType(owner) !== "" && !safeSeccomp(seccompType(owner));
  const bad = containers.filter(unsafe);
  const silent = safeSeccomp(seccompType(spec)) ? [] : containers.filter((container) => seccompType(container) === "");
  const badPod = unsafe(spec) && silent.length > 0;
  if (badPod || bad.length > 0) {
    const types = quoted(distinct([...(badPod ? [seccompType(spec)] : []), ...bad.map(seccompType)]));
    const setters = settersText(badPod, bad);
    return {
      reason: "seccompProfile",
      detail: `${setters} must not set securityContext.seccompProfile.type to ${types}`,
    };
  }
  return silent.length === 0
    ? undefined
    : {
        reason: "seccompProfile",
        detail: `pod or ${containersText(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
      };
}
