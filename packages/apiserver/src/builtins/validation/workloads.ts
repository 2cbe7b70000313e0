import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { integer, semanticallyEqual, stringMap, struct, structs, text } from "../json-fields.ts";
import {
  at,
  atLeast,
  countOrShare,
  immutable,
  labelSelector,
  notNegative,
  oneOf,
  selects,
  selectsAll,
} from "./checks.ts";
import type { KindValidation, ValidationByKind } from "./kind-validation.ts";
import { podValidation, templateLabels, validatePodTemplate } from "./pod.ts";

/** Selector and template, which hold together all that runs pods of one kind. */
function podSet(spec: JsonObject | undefined, kind: "deployment" | "statefulset" | "daemonset"): StatusCause[] {
  const selector = struct(spec, "selector");
  const template = struct(spec, "template");
  const causes: StatusCause[] = [];
  if (!selector) causes.push(fieldError.required("spec.selector"));
  else {
    causes.push(...labelSelector(selector, "spec.selector"));
    if (selectsAll(selector))
      causes.push(fieldError.invalid("spec.selector", selector, `empty selector is invalid for ${kind}`));
    else if (!selects(selector, templateLabels(template))) causes.push(labelMismatch(template));
  }
  return [...causes, ...validatePodTemplate(template, "spec.template"), ...alwaysRestarts(template, owners[kind])];
}

/** How the texts call what owns a template. */
const owners = { deployment: "ReplicaSet", statefulset: "StatefulSet", daemonset: "DaemonSet" } as const;

function labelMismatch(template: JsonObject | undefined): StatusCause {
  return fieldError.invalid(
    "spec.template.metadata.labels",
    templateLabels(template),
    "`selector` does not match template `labels`",
  );
}

function alwaysRestarts(template: JsonObject | undefined, owner: string): StatusCause[] {
  const policy = text(struct(template, "spec"), "restartPolicy");
  const path = "spec.template.spec";
  const causes =
    policy === "OnFailure" || policy === "Never"
      ? [fieldError.notSupported(`${path}.restartPolicy`, policy, ["Always"])]
      : [];
  if (struct(template, "spec")?.["activeDeadlineSeconds"] !== undefined) {
    causes.push(
      fieldError.forbidden(`${path}.activeDeadlineSeconds`, `activeDeadlineSeconds in ${owner} is not Supported`),
    );
  }
  return causes;
}

const selectorIsFixed = (object: JsonObject, old: JsonObject): StatusCause[] =>
  immutable(struct(object, "spec"), struct(old, "spec"), "spec", "selector");

const deployment: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const deadline = integer(spec, "progressDeadlineSeconds");
    return [
      ...podSet(spec, "deployment"),
      ...notNegative(spec, "spec", "replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"),
      ...rollingStrategy(struct(spec, "strategy"), "spec.strategy", ["Recreate", "RollingUpdate"]),
      ...(deadline !== undefined && deadline <= (integer(spec, "minReadySeconds") ?? 0)
        ? [fieldError.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")]
        : []),
    ];
  },
  update: selectorIsFixed,
};

/** How many pods may be missing and how many too many while rolling: not none of both, or nothing could ever move. */
function rollingStrategy(strategy: JsonObject | undefined, path: string, types: readonly string[]): StatusCause[] {
  const rolling = struct(strategy, "rollingUpdate");
  const where = at(path, "rollingUpdate");
  const type = text(strategy, "type");
  const causes = oneOf(strategy, "type", path, types);
  if (type !== "RollingUpdate") {
    if (rolling && type === "Recreate")
      causes.push(fieldError.forbidden(where, `may not be specified when strategy \`type\` is '${type}'`));
    return causes;
  }
  causes.push(...countOrShare(rolling, "maxUnavailable", where), ...countOrShare(rolling, "maxSurge", where));
  if (rolling && isNone(rolling["maxUnavailable"]) && isNone(rolling["maxSurge"])) {
    causes.push(
      fieldError.invalid(at(where, "maxUnavailable"), rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0"),
    );
  }
  const share = rolling?.["maxUnavailable"];
  if (typeof share === "string" && Number.parseInt(share, 10) > 100) {
    causes.push(fieldError.invalid(at(where, "maxUnavailable"), share, "must not be greater than 100%"));
  }
  return causes;
}

const isNone = (value: unknown): boolean => value === 0 || value === "0%" || value === undefined;

const replicaSet: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    return [...podSet(spec, "deployment"), ...notNegative(spec, "spec", "replicas", "minReadySeconds")];
  },
  update: selectorIsFixed,
};

/** Its selector is a plain map, and may change. */
const replicationController: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const selector = stringMap(spec, "selector");
    const template = struct(spec, "template");
    const causes = notNegative(spec, "spec", "replicas", "minReadySeconds");
    if (Object.keys(selector).length === 0) causes.push(fieldError.required("spec.selector"));
    if (!template) return [...causes, fieldError.required("spec.template")];
    if (!selects({ matchLabels: selector }, templateLabels(template))) causes.push(labelMismatch(template));
    return [
      ...causes,
      ...validatePodTemplate(template, "spec.template"),
      ...alwaysRestarts(template, "ReplicationController"),
    ];
  },
};

/** All that may change of a StatefulSet: its pods have identities that the rest is part of. */
const statefulSetChanges = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];

const statefulSet: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const strategy = struct(spec, "updateStrategy");
    return [
      ...podSet(withClaimsAsVolumes(spec), "statefulset"),
      ...notNegative(spec, "spec", "replicas", "minReadySeconds", "revisionHistoryLimit"),
      ...oneOf(spec, "podManagementPolicy", "spec", ["OrderedReady", "Parallel"]),
      ...oneOf(strategy, "type", "spec.updateStrategy", ["RollingUpdate", "OnDelete"]),
      ...atLeast(struct(strategy, "rollingUpdate"), "partition", "spec.updateStrategy.rollingUpdate", 0),
      ...countOrShare(struct(strategy, "rollingUpdate"), "maxUnavailable", "spec.updateStrategy.rollingUpdate"),
      ...(text(strategy, "type") === "OnDelete" && struct(strategy, "rollingUpdate")
        ? [
            fieldError.invalid(
              "spec.updateStrategy.rollingUpdate",
              strategy?.["rollingUpdate"],
              "only allowed for updateStrategy 'RollingUpdate'",
            ),
          ]
        : []),
      ...atLeast(struct(spec, "ordinals"), "start", "spec.ordinals", 0),
      ...["whenDeleted", "whenScaled"].flatMap((key) =>
        oneOf(struct(spec, "persistentVolumeClaimRetentionPolicy"), key, "spec.persistentVolumeClaimRetentionPolicy", [
          "Delete",
          "Retain",
        ]),
      ),
    ];
  },
  update: (object, old) => {
    const fixed = (spec: JsonObject = {}): JsonObject =>
      Object.fromEntries(Object.entries(spec).filter(([key]) => !statefulSetChanges.includes(key)));
    const same = semanticallyEqual(
      withoutClaimStatus(fixed(struct(object, "spec"))),
      withoutClaimStatus(fixed(struct(old, "spec"))),
    );
    if (same) return [];
    const names = statefulSetChanges.map((name) => `'${name}'`);
    const list = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
    return [fieldError.forbidden("spec", `updates to statefulset spec for fields other than ${list} are forbidden`)];
  },
};

/** Containers may mount what the claim templates will be: each pod gets a volume of that name. */
function withClaimsAsVolumes(spec: JsonObject | undefined): JsonObject | undefined {
  const template = struct(spec, "template");
  const claims = structs(spec, "volumeClaimTemplates").map((claim) => text(struct(claim, "metadata"), "name") ?? "");
  if (!spec || !template || claims.length === 0) return spec;
  const pod = struct(template, "spec");
  const given = structs(pod, "volumes");
  const names = new Set(given.map((volume) => text(volume, "name")));
  const added = claims
    .filter((name) => name !== "" && !names.has(name))
    .map((name) => ({
      name,
      persistentVolumeClaim: { claimName: name },
    }));
  return { ...spec, template: { ...template, spec: { ...pod, volumes: [...given, ...added] } } };
}

/** The status in a claim template is filled, not written: it says nothing about a change. */
function withoutClaimStatus(spec: JsonObject): JsonObject {
  const copy = structuredClone(spec);
  for (const template of structs(copy, "volumeClaimTemplates")) delete template["status"];
  return copy;
}

const daemonSet: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    return [
      ...podSet(spec, "daemonset"),
      ...notNegative(spec, "spec", "minReadySeconds", "revisionHistoryLimit"),
      ...daemonStrategy(struct(spec, "updateStrategy"), "spec.updateStrategy"),
    ];
  },
  update: selectorIsFixed,
};

/** On each node either the old pod goes first or the new one comes first: not both, and not neither. */
function daemonStrategy(strategy: JsonObject | undefined, path: string): StatusCause[] {
  const rolling = struct(strategy, "rollingUpdate");
  const where = at(path, "rollingUpdate");
  const causes = oneOf(strategy, "type", path, ["OnDelete", "RollingUpdate"]);
  if (text(strategy, "type") !== "RollingUpdate" || !rolling) return causes;
  causes.push(...countOrShare(rolling, "maxUnavailable", where), ...countOrShare(rolling, "maxSurge", where));
  const [missing, surplus] = [!isNone(rolling["maxUnavailable"]), !isNone(rolling["maxSurge"])];
  if (missing && surplus)
    causes.push(
      fieldError.invalid(at(where, "maxSurge"), rolling["maxSurge"], "may not be set when maxUnavailable is non-zero"),
    );
  if (!missing && !surplus)
    causes.push(fieldError.required(at(where, "maxUnavailable"), "cannot be 0 when maxSurge is 0"));
  return causes;
}

export const workloadValidations: ValidationByKind = {
  "/Pod": podValidation,
  "/PodTemplate": { object: (object) => validatePodTemplate(struct(object, "template"), "template") },
  "/ReplicationController": replicationController,
  "apps/Deployment": deployment,
  "apps/ReplicaSet": replicaSet,
  "apps/StatefulSet": statefulSet,
  "apps/DaemonSet": daemonSet,
  "apps/ControllerRevision": {
    object: (object) => atLeast(object, "revision", "", 0),
    update: (object, old) => immutable(object, old, "", "data"),
  },
};
