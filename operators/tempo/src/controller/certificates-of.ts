import { ConfigMap, type KubeObject, Secret } from "@homeostat/api";
import type { ReconcileContext } from "@homeostat/runtime";
import type { ComponentCertificate } from "../certificates/component-certificates.ts";
import {
  authoritySecretName,
  bundleConfigMapName,
  type IssuedCertificates,
  issueCertificates,
} from "../certificates/issue-certificates.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { type Find, finder, liveFinder } from "./surroundings.ts";

type Context = Pick<ReconcileContext<KubeObject>, "client" | "object" | "clock" | "events">;

/**
 * Certificates of an instance as they should be now; undefined where they are the user's business. An event says what
 * is issued: all pods restart for it.
 */
export async function certificatesOf(
  context: Context,
  components: readonly ComponentCertificate[],
  settings: OperatorSettings,
): Promise<IssuedCertificates | undefined> {
  if (!settings.gates.builtInCertManagement) return undefined;
  const cached = await issue(context, components, settings, finder(context));
  if (cached.renewals.length === 0) return cached;
  const issued = await issue(context, components, settings, liveFinder(context));
  const [first, ...rest] = issued.renewals;
  if (first !== undefined)
    context.events.normal("CertificatesIssued", rest.length > 0 ? `${first}; and ${rest.length} more` : first);
  return issued;
}

async function issue(
  { object, clock }: Context,
  components: readonly ComponentCertificate[],
  { certificates: validity }: OperatorSettings,
  find: Find,
): Promise<IssuedCertificates> {
  const { name, namespace = "" } = object.metadata;
  const [ca, bundle, certs] = await Promise.all([
    find(Secret, authoritySecretName(name)),
    find(ConfigMap, bundleConfigMapName(name)),
    Promise.all(components.map(({ secretName }) => find(Secret, secretName))),
  ]);
  const found = certs.flatMap((secret) => (secret ? [[secret.metadata.name, secret] as const] : []));
  return issueCertificates({
    owner: { name, namespace },
    components,
    existing: { ca, bundle, certs: new Map(found) },
    validity,
    clock,
  });
}
