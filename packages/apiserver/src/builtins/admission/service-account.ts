import { forbidden, type JsonObject } from "@homeostat/api";
import { ensure, isUnset, struct, structs, text } from "../json-fields.ts";
import type { Lookup } from "./lookup.ts";

const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const volumePrefix = "kube-api-access-";
/** An hour and a few seconds, by which the kubelet tells these tokens from those people asked for. */
const tokenSeconds = 3607;

export interface ServiceAccountOptions {
  readonly lookup: Lookup;
  /** Five random characters for the name of the token's volume. */
  readonly suffix: () => string;
  /**
   * Called when the account is missing, up to ten times, before the pod is refused: a namespace's first account comes
   * a moment after the namespace. Default: no second chance.
   */
  readonly wait?: () => Promise<void>;
}

/**
 * Gives a new pod its service account, in place: the name, the pull secrets, and a token where the API is expected.
 * Source: plugin ServiceAccount.
 *
 * @throws ApiError Forbidden when there is no such account
 */
export async function admitServiceAccount(
  pod: JsonObject,
  namespace: string,
  options: ServiceAccountOptions,
): Promise<void> {
  const spec = ensure(pod, "spec");
  if (isUnset(spec, "serviceAccountName")) spec["serviceAccountName"] = "default";
  spec["serviceAccount"] = text(spec, "serviceAccountName");
  const account = await accountOf(pod, namespace, text(spec, "serviceAccountName"), options);
  const secrets = structs(account, "imagePullSecrets");
  if (structs(spec, "imagePullSecrets").length === 0 && secrets.length > 0)
    spec["imagePullSecrets"] = structuredClone(secrets);
  if (wantsToken(spec, account)) mountToken(spec, options.suffix);
}

async function accountOf(
  pod: JsonObject,
  namespace: string,
  name: string,
  { lookup, wait }: ServiceAccountOptions,
): Promise<JsonObject> {
  for (let attempt = 0; ; attempt++) {
    const found = await lookup.get("", "serviceaccounts", name, namespace);
    if (found) return found;
    if (!wait || attempt >= 10) break;
    await wait();
  }
  const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
  throw forbidden({ group: "", plural: "pods" }, text(struct(pod, "metadata"), "name"), why);
}

/** The pod decides, else the account; unless told otherwise there is a token. */
function wantsToken(spec: JsonObject, account: JsonObject): boolean {
  const own = spec["automountServiceAccountToken"];
  return (typeof own === "boolean" ? own : account["automountServiceAccountToken"]) !== false;
}

function mountToken(spec: JsonObject, suffix: () => string): void {
  const containers = [...structs(spec, "initContainers"), ...structs(spec, "containers")];
  const lacking = containers.filter(
    (container) => !structs(container, "volumeMounts").some((mount) => text(mount, "mountPath") === mountPath),
  );
  if (lacking.length === 0) return;
  const present = structs(spec, "volumes").find(
    (volume) => text(volume, "name").startsWith(volumePrefix) && struct(volume, "projected"),
  );
  const name = present ? text(present, "name") : `${volumePrefix}${suffix()}`;
  for (const container of lacking)
    container["volumeMounts"] = [...structs(container, "volumeMounts"), { name, readOnly: true, mountPath }];
  if (!present) spec["volumes"] = [...structs(spec, "volumes"), tokenVolume(name)];
}

function tokenVolume(name: string): JsonObject {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
      defaultMode: 420,
    },
  };
}
