import { createHash } from "node:crypto";
import { ConfigMap, objectOf, Secret } from "@homeostat/api";
import type { CertificateOptions } from "@homeostat/api/certificates";
import { child, PRUNE } from "@homeostat/runtime";
import type { Certificates, Objects } from "../resources/input.ts";
import { commonLabels } from "../resources/labels.ts";
import type { CertificateValidity } from "../settings/operator-settings.ts";
import { type Authority, authorityOf } from "./authority.ts";
import { bundleWith, endOf, isValidAt, readBundle, readCertificate } from "./authority-bundle.ts";
import type { ComponentCertificate } from "./component-certificates.ts";
import { certificateFor, type IssuedCertificate } from "./issued-certificate.ts";
import { type Annotations, authorityDueAt, certificateDueAt } from "./life.ts";
import { pairData, pairOf } from "./secret-pair.ts";

/** @see CertificateOptions for `clock` and the source of serial numbers */
export interface CertificateRequests extends CertificateOptions {
  /** The resource that the certificates are for. */
  readonly owner: { readonly name: string; readonly namespace: string };
  readonly components: readonly ComponentCertificate[];
  /** What is there, by the names of {@link authoritySecretName}, {@link bundleConfigMapName} and the components' Secrets. */
  readonly existing: {
    readonly ca?: Secret | undefined;
    readonly bundle?: ConfigMap | undefined;
    readonly certs: ReadonlyMap<string, Secret>;
  };
  readonly validity: CertificateValidity;
}

export interface IssuedCertificates {
  readonly certificates: Certificates;
  /** What was issued, and why; for people. Empty where all stays as it is. */
  readonly renewals: readonly string[];
  /** When something has to be renewed next, in milliseconds since the epoch. */
  readonly nextRotation: number;
}

export const authoritySecretName = (name: string): string => `tempo-${name}-signing-ca`;
export const bundleConfigMapName = (name: string): string => `tempo-${name}-ca-bundle`;

const bundleKey = "service-ca.crt";

/**
 * The certificates that the components of an instance should have now: an authority, what all of them trust, and one
 * certificate for each. What is good stays byte for byte. Pure but for making keys.
 *
 * When the authority changes, components go on showing what the earlier one signed, until all of them have been
 * restarted with the new one among those they trust. So there is no moment at which two of them cannot talk.
 */
export function issueCertificates(requests: CertificateRequests): IssuedCertificates {
  const { owner, components, existing, validity, clock, randomBytes } = requests;
  const now = clock.now();
  const authorityName = authoritySecretName(owner.name);
  const options = { clock, validity, ...(randomBytes ? { randomBytes } : {}) };
  const authority = authorityOf(`${owner.namespace}_${authorityName}`, existing.ca, options);
  const current = readCertificate(authority.signer.certificate)!;
  const before = existing.ca && readCertificate(pairOf(existing.ca).certificate);
  const bundle = bundleWith(current, before, existing.bundle?.data?.[bundleKey] ?? "", now);
  const authorities = readBundle(bundle).certificates;
  const trusted = authorities.filter((each) => isValidAt(each, now));
  const issuing = { authority, trusted, validity, clock };
  const issued = components.map((component) => ({
    secretName: component.secretName,
    ...certificateFor(component, existing.certs.get(component.secretName), issuing),
  }));
  return {
    certificates: { objects: objectsOf(owner.name, authority, bundle, issued), hash: hashOf(authority, issued) },
    renewals: [
      ...(authority.why === undefined ? [] : [`authority ${authorityName} issued: ${authority.why}`]),
      ...issued.flatMap(({ secretName, why }) =>
        why === undefined ? [] : [`certificate ${secretName} issued: ${why}`],
      ),
    ],
    nextRotation: Math.min(
      authorityDueAt(authority.life, validity),
      ...authorities.map(endOf),
      ...issued.map(({ life }) => certificateDueAt(life, authority.life, validity)),
    ),
  };
}

type NamedCertificate = IssuedCertificate & { readonly secretName: string };

function objectsOf(
  name: string,
  { signer, annotations }: Authority,
  bundle: string,
  issued: readonly NamedCertificate[],
): Objects {
  const labels = commonLabels(name);
  // They go with their owner only: where the operator is told to issue no more, pods go on with what they have.
  const metadataOf = (of: string, annotations: Annotations = {}) => ({
    name: of,
    labels,
    annotations: { ...annotations, [PRUNE]: "false" },
  });
  // A Secret of another type has to go first: its type cannot change.
  const secret = (of: string, annotations: Annotations, data: Secret["data"]) =>
    child(
      objectOf(Secret, {
        metadata: metadataOf(of, annotations),
        type: "kubernetes.io/tls",
        ...(data ? { data } : {}),
      }),
      { immutable: "recreate" },
    );
  return [
    secret(authoritySecretName(name), annotations, pairData(signer)),
    objectOf(ConfigMap, { metadata: metadataOf(bundleConfigMapName(name)), data: { [bundleKey]: bundle } }),
    ...issued.map((each) => secret(each.secretName, each.annotations, pairData(each.pair))),
  ];
}

/** Of the certificates alone: an authority that ends and leaves the bundle restarts nothing. */
function hashOf({ signer }: Authority, issued: readonly NamedCertificate[]): string {
  const hash = createHash("sha256").update(signer.certificate);
  for (const { secretName, pair } of issued) hash.update(secretName).update(pair.certificate);
  return hash.digest("hex");
}
