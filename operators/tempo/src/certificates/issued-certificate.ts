import { createPrivateKey, type X509Certificate } from "node:crypto";
import type { Clock, Secret } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import type { CertificateValidity } from "../settings/operator-settings.ts";
import type { Authority } from "./authority.ts";
import { commonNameOf, isValidAt, readCertificate } from "./authority-bundle.ts";
import type { ComponentCertificate } from "./component-certificates.ts";
import {
  type Annotations,
  annotationKeys,
  certificateDueAt,
  type Life,
  lifeAnnotations,
  lifeOf,
  ownAnnotations,
} from "./life.ts";
import { pairOf } from "./secret-pair.ts";

/** Of one component. */
export interface IssuedCertificate {
  readonly pair: CertificateAndKey;
  readonly life: Life;
  readonly annotations: Annotations;
  /** Why it was issued just now; undefined: it was there. */
  readonly why?: string;
}

export interface Issuing {
  readonly authority: Authority;
  /** All authorities that components trust now. */
  readonly trusted: readonly X509Certificate[];
  readonly validity: CertificateValidity;
  readonly clock: Clock;
}

/** The certificate in the Secret, or another one where that cannot go on. */
export function certificateFor(
  component: ComponentCertificate,
  secret: Secret | undefined,
  issuing: Issuing,
): IssuedCertificate {
  const kept = keptCertificate(component, secret, issuing);
  return typeof kept === "string" ? issue(component, issuing, kept) : kept;
}

const hostnames = ({ hosts }: ComponentCertificate): string => [...hosts].sort().join(",");

/** The certificate in the Secret, or why it cannot go on: by its annotations first, then by what is in it. */
function keptCertificate(
  component: ComponentCertificate,
  secret: Secret | undefined,
  issuing: Issuing,
): IssuedCertificate | string {
  if (!secret) return "there is none";
  const { annotations = {} } = secret.metadata ?? {};
  const life = lifeOf(annotations);
  if (!life) return "its annotations do not say how long it is good";
  const timely = untimeliness(life, issuing);
  if (timely !== undefined) return timely;
  const issuer = annotations[annotationKeys.issuer];
  if (!issuing.trusted.some((each) => commonNameOf(each) === issuer)) return `${issuer ?? "its issuer"} is not trusted`;
  if (annotations[annotationKeys.hostnames] !== hostnames(component)) return "its host names are others";
  const pair = pairOf(secret);
  return defect(pair, issuing) ?? { pair, life, annotations: ownAnnotations(annotations) };
}

function untimeliness(life: Life, { authority, validity, clock }: Issuing): string | undefined {
  const now = clock.now();
  if (now >= life.notAfter) return "it has ended";
  return now >= certificateDueAt(life, authority.life, validity) ? "its time has come" : undefined;
}

/** What no annotation tells: a Secret that was damaged, or belongs to another authority of the same name. */
function defect({ certificate, key }: CertificateAndKey, { trusted, clock }: Issuing): string | undefined {
  const parsed = readCertificate(certificate);
  if (!parsed || !isKeyOf(parsed, key)) return "its certificate and key cannot be used";
  if (!isValidAt(parsed, clock.now())) return "it is not good at this time";
  return trusted.some((each) => parsed.checkIssued(each) && parsed.verify(each.publicKey))
    ? undefined
    : "nobody trusts who signed it";
}

function isKeyOf(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function issue(component: ComponentCertificate, { authority, validity, clock }: Issuing, why: string) {
  const now = clock.now();
  // Nobody trusts it any longer than who signed it.
  const notAfter = Math.min(now + validity.certValidity, authority.life.notAfter);
  const life = { notBefore: now, notAfter };
  const pair = authority.signer.issue({
    // Names that components of the Go operator know each other by.
    commonName: "system:tempostacks",
    organizations: ["system:logging"],
    usage: ["server", "client"],
    hosts: component.hosts,
    validMs: notAfter - now,
  });
  const annotations = {
    ...lifeAnnotations(life),
    [annotationKeys.issuer]: authority.commonName,
    [annotationKeys.hostnames]: hostnames(component),
  };
  return { pair, life, annotations, why };
}
