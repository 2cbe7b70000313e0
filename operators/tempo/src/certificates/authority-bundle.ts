import { X509Certificate } from "node:crypto";

/** Certificates of a text in PEM, in order; `isWhole`: nothing in it is unreadable. */
export interface Bundle {
  readonly certificates: readonly X509Certificate[];
  readonly isWhole: boolean;
}

export function readBundle(text: string): Bundle {
  const certificates = (text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).flatMap(
    (pem) => readCertificate(pem) ?? [],
  );
  return { certificates, isWhole: certificates.length === text.split("-----BEGIN").length - 1 };
}

export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/**
 * What components are to trust: the current authority, then all earlier ones that have not ended. The text stays as it
 * is where it says just that.
 *
 * @param before who signed until now, should the text have been lost
 */
export function bundleWith(
  current: X509Certificate,
  before: X509Certificate | undefined,
  text: string,
  now: number,
): string {
  const { certificates, isWhole } = readBundle(text);
  const wanted = new Map([[current.fingerprint256, current]]);
  for (const earlier of [...(before ? [before] : []), ...certificates])
    if (earlier.ca && now < endOf(earlier)) wanted.set(earlier.fingerprint256, earlier);
  const order = (all: Iterable<X509Certificate>) => [...all].map(({ fingerprint256 }) => fingerprint256).join();
  if (isWhole && order(certificates) === order(wanted.values())) return text;
  return [...wanted.values()].map((certificate) => certificate.toString()).join("");
}

export const startOf = ({ validFrom }: X509Certificate): number => Date.parse(validFrom);
export const endOf = ({ validTo }: X509Certificate): number => Date.parse(validTo);

/** Whether a certificate is good at `now`, by what is in it. */
export const isValidAt = (certificate: X509Certificate, now: number): boolean =>
  startOf(certificate) <= now && now < endOf(certificate);

/** The common name of a subject with no more in it, as that of an authority here. */
export const commonNameOf = ({ subject }: X509Certificate): string => /^CN=(.*)$/m.exec(subject)?.[1] ?? "";
