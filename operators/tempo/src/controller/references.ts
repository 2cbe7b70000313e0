import type { EnvFromSource, EnvVar } from "@homeostat/api";
import { isGatewayOn } from "../api/monolithic/gateway-on.ts";
import type { TempoMonolithicSpec } from "../api/tempo-monolithic.ts";
import type { TempoStackSpec } from "../api/tempo-stack.ts";
import { componentName } from "../names.ts";
import { oidcSecretNames } from "../resources/gateway/tenant-secrets.ts";
import { managedCredentialsName } from "../resources/pod/storage.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";

/** Objects of the same namespace that an instance needs and the operator does not make, by name. */
export interface ReferredObjects {
  /** What pods read: a change of content must restart them. */
  readonly read: { readonly secrets: readonly string[]; readonly configMaps: readonly string[] };
  /** What only rendering reads. */
  readonly rendered: { readonly secrets: readonly string[] };
  readonly serviceAccount?: string;
  /** Which of the Secrets holds the storage's credentials. */
  readonly credentials?: string;
}

interface Environment {
  readonly env?: readonly EnvVar[] | undefined;
  readonly envFrom?: readonly EnvFromSource[] | undefined;
}

interface TlsFiles {
  readonly enabled?: boolean | undefined;
  readonly caName?: string | undefined;
  readonly certName?: string | undefined;
}

type Named = string | undefined;

/** Of a stack as people wrote it, with or without defaults. */
export function stackReferences(name: string, spec: TempoStackSpec, settings: OperatorSettings): ReferredObjects {
  const { storage, template, tenants } = spec;
  return referred(spec, {
    ...credentialsOf(name, storage.secret.name, storage.secret.credentialMode),
    tls: [storage.tls, template?.distributor?.tls],
    tenantSecrets: tenants ? oidcSecretNames(tenants) : [],
    ...suppliedCertificates(name, settings, [
      "distributor",
      "ingester",
      "querier",
      "query-frontend",
      "compactor",
      "gateway",
      "metrics-generator",
    ]),
  });
}

export function monolithicReferences(
  name: string,
  spec: TempoMonolithicSpec,
  settings: OperatorSettings,
): ReferredObjects {
  const { storage, ingestion, multitenancy } = spec;
  const { backend = "memory", s3, azure, gcs } = storage?.traces ?? {};
  const secret = { memory: undefined, pv: undefined, s3, azure, gcs }[backend]?.secret;
  return referred(spec, {
    ...credentialsOf(name, secret, backend === "s3" ? s3?.credentialMode : undefined),
    tls: [backend === "s3" ? s3?.tls : undefined, ingestion?.otlp?.grpc?.tls, ingestion?.otlp?.http?.tls],
    tenantSecrets: multitenancy && isGatewayOn(spec) ? oidcSecretNames(multitenancy) : [],
    ...suppliedCertificates(name, settings, ["tempo"]),
  });
}

/** The Secrets that hold, or lead to, the storage's credentials; the last one is what pods read. */
function credentialsOf(name: string, secret: Named, mode: Named): Pick<Gathered, "secrets" | "credentials"> {
  const secrets = mode === "token-cco" ? [secret, managedCredentialsName(name)] : [secret];
  return { secrets, credentials: secrets.at(-1) };
}

/** Certificates between components, where the operator does not issue them. */
function suppliedCertificates(name: string, { gates }: OperatorSettings, components: readonly string[]) {
  if (gates.builtInCertManagement || !(gates.httpEncryption || gates.grpcEncryption)) return {};
  return {
    certificates: components.map((component) => `${componentName(name, component)}-mtls`),
    bundle: `tempo-${name}-ca-bundle`,
  };
}

interface Gathered {
  readonly secrets: readonly Named[];
  readonly credentials: Named;
  readonly tls: readonly (TlsFiles | undefined)[];
  readonly tenantSecrets: readonly string[];
  readonly certificates?: readonly string[];
  readonly bundle?: string;
}

function referred(
  spec: Environment & { readonly serviceAccount?: Named },
  { secrets, credentials, tls, tenantSecrets, certificates = [], bundle }: Gathered,
): ReferredObjects {
  const enabled = tls.filter((each) => each?.enabled);
  const { env = [], envFrom = [] } = spec;
  return {
    read: {
      secrets: unique([
        ...secrets,
        ...enabled.map((each) => each?.certName),
        ...certificates,
        ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
        ...envFrom.map(({ secretRef }) => secretRef?.name),
      ]),
      configMaps: unique([
        ...enabled.map((each) => each?.caName),
        bundle,
        ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
        ...envFrom.map(({ configMapRef }) => configMapRef?.name),
      ]),
    },
    rendered: { secrets: tenantSecrets },
    ...(spec.serviceAccount ? { serviceAccount: spec.serviceAccount } : {}),
    ...(credentials ? { credentials } : {}),
  };
}

const unique = (names: readonly Named[]): string[] =>
  [...new Set(names.filter((name) => name !== undefined && name !== ""))].toSorted() as string[];
