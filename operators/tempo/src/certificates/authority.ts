import { createPrivateKey } from "node:crypto";
import type { Secret } from "@homeostat/api";
import {
  type CertificateAuthority,
  type CertificateOptions,
  createCertificateAuthority,
  loadCertificateAuthority,
} from "@homeostat/api/certificates";
import type { CertificateValidity } from "../settings/operator-settings.ts";
import { commonNameOf, isValidAt, readCertificate } from "./authority-bundle.ts";
import {
  type Annotations,
  annotationKeys,
  authorityDueAt,
  type Life,
  lifeAnnotations,
  lifeOf,
  ownAnnotations,
} from "./life.ts";
import { pairOf } from "./secret-pair.ts";

/** Who signs the components' certificates. */
export interface Authority {
  readonly signer: CertificateAuthority;
  readonly commonName: string;
  readonly life: Life;
  readonly annotations: Annotations;
  /** Why it was made just now; undefined: it was there. */
  readonly why?: string;
}

export interface AuthorityOptions extends CertificateOptions {
  readonly validity: CertificateValidity;
}

/** The authority of the Secret, or another one named `name` where that cannot go on. */
export function authorityOf(name: string, secret: Secret | undefined, options: AuthorityOptions): Authority {
  const kept = keptAuthority(secret, options);
  return typeof kept === "string" ? newAuthority(name, options, kept) : kept;
}

/** The authority of the Secret, or why it cannot go on. */
function keptAuthority(secret: Secret | undefined, options: AuthorityOptions): Authority | string {
  if (!secret) return "there is none";
  const { annotations } = secret.metadata ?? {};
  const life = lifeOf(annotations);
  if (!life || !annotations?.[annotationKeys.issuer]) return "its annotations do not say how long it is good";
  const now = options.clock.now();
  if (now >= life.notAfter) return "it has ended";
  if (now >= authorityDueAt(life, options.validity)) return "its time has come";
  const signer = loaded(secret, options);
  if (typeof signer === "string") return signer;
  const certificate = readCertificate(signer.certificate)!;
  if (!isValidAt(certificate, now)) return "it is not good at this time";
  return { signer, commonName: commonNameOf(certificate), life, annotations: ownAnnotations(annotations) };
}

/** Who can sign with what is in the Secret, or why nobody can. */
function loaded(secret: Secret, options: CertificateOptions): CertificateAuthority | string {
  const pair = pairOf(secret);
  try {
    // Those of the Go operator. They stay trusted, so that what they signed is good to its end.
    if (createPrivateKey(pair.key).asymmetricKeyType !== "ec")
      return "its key is of a kind that is not signed with here";
    return loadCertificateAuthority(options, pair);
  } catch {
    return "its certificate and key cannot be used";
  }
}

function newAuthority(name: string, options: AuthorityOptions, why: string): Authority {
  const now = options.clock.now();
  // Names differ, so that nobody takes one for the other when they look for who signed.
  const commonName = `${name}@${Math.floor(now / 1000)}`;
  const life = { notBefore: now, notAfter: now + options.validity.caValidity };
  const signer = createCertificateAuthority(options, commonName, options.validity.caValidity);
  return {
    signer,
    commonName,
    life,
    annotations: { ...lifeAnnotations(life), [annotationKeys.issuer]: commonName },
    why,
  };
}
