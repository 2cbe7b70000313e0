import { type JsonObject, type KubeObject, Secret, ServiceAccount, type Stored } from "@homeostat/api";
import { type Client, type ControllerDefinition, index } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";

export const tokenSecretType = "kubernetes.io/service-account-token";
const nameAnnotation = "kubernetes.io/service-account.name";
const uidAnnotation = "kubernetes.io/service-account.uid";

/** Secrets by the account they are for. */
const byAccount = index<Secret>("serviceAccount", ({ metadata }) => {
  const name = metadata.annotations[nameAnnotation];
  return name ? [name] : [];
});

/** The longest a token may be asked for: 2^32 seconds, which for a dev cluster is without an end. */
const longestSeconds = 2 ** 32;

/** Source: authentication.k8s.io/v1 `TokenRequest`. */
interface TokenRequest extends KubeObject {
  readonly spec: {
    readonly expirationSeconds?: number;
    readonly boundObjectRef?: {
      readonly kind: string;
      readonly apiVersion: string;
      readonly name: string;
      readonly uid: string;
    };
  };
  readonly status?: { readonly token: string };
}

/**
 * Fills Secrets of type `kubernetes.io/service-account-token` with a token, the certificate authority and the
 * namespace; deletes those whose ServiceAccount is gone. Source: tokens controller.
 *
 * @param certificateAuthority PEM
 */
export function tokenSecrets(certificateAuthority: () => string | Promise<string>): ControllerDefinition<Secret> {
  return clusterController(Secret, "tokens")
    .watches(Secret, { handler: () => {} }, { indexes: [byAccount] })
    .watches(
      ServiceAccount,
      ({ metadata }, cache) => {
        const { namespace, name } = metadata;
        const secrets = cache.store(Secret)?.entries({ namespace: namespace!, index: byAccount.is(name) }) ?? [];
        return Array.from(secrets, (secret) => ({ namespace: namespace!, name: secret.metadata.name }));
      },
      { metadataOnly: true },
    )
    .reconcile(async ({ object, client }) => {
      if (object.type !== tokenSecretType || object.metadata.deletionTimestamp !== undefined) return;
      const account = await accountOf(client, object);
      if (!account) return deleteOrphan(client, object);
      const data = object.data ?? {};
      const missing: Record<string, string> = {};
      if (!data["ca.crt"]) missing["ca.crt"] = base64(await certificateAuthority());
      if (!data["namespace"]) missing["namespace"] = base64(object.metadata.namespace!);
      if (!data["token"]) missing["token"] = base64(await issue(client, account, object));
      if (Object.keys(missing).length === 0) return;
      const { name, namespace, resourceVersion } = object.metadata;
      const metadata: JsonObject = { resourceVersion, annotations: { [uidAnnotation]: account.metadata.uid } };
      await client.patchMerge(Secret, { namespace: namespace!, name }, { metadata, data: missing });
    });
}

async function accountOf(client: Client, secret: Stored<Secret>): Promise<Stored<ServiceAccount> | undefined> {
  const { annotations = {}, namespace } = secret.metadata;
  const name = annotations[nameAnnotation];
  if (!name) return undefined;
  const account = await client.find(ServiceAccount, { namespace: namespace!, name }, { from: "live" });
  const uid = annotations[uidAnnotation];
  return uid === undefined || account?.metadata.uid === uid ? account : undefined;
}

/** A token Secret without its account is of no use and would be taken over by a namesake. */
async function deleteOrphan(client: Client, { metadata }: Stored<Secret>): Promise<void> {
  const { uid, resourceVersion, name, namespace } = metadata;
  await client.delete(Secret, { namespace: namespace!, name }, { preconditions: { uid, resourceVersion } });
}

async function issue(client: Client, account: Stored<ServiceAccount>, secret: Stored<Secret>): Promise<string> {
  const { namespace, name } = account.metadata;
  const { name: secretName, uid } = secret.metadata;
  const request = await client.subresource("token").create<TokenRequest>(
    ServiceAccount,
    { namespace: namespace!, name },
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        expirationSeconds: longestSeconds,
        boundObjectRef: { kind: "Secret", apiVersion: "v1", name: secretName, uid },
      },
    },
  );
  if (!request.status?.token) throw new Error(`serviceaccount ${namespace}/${name}: the server issued no token`);
  return request.status.token;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
