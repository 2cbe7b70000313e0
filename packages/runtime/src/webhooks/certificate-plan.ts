import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Clock } from "@homeostat/api";
import {
  type CertificateAndKey,
  createCertificateAuthority,
  loadCertificateAuthority,
} from "@homeostat/api/certificates";

/** All there is to keep: what is served, who signs it, and who else is trusted while authorities change. */
export interface KeptCertificates {
  readonly serving: CertificateAndKey;
  /** Signs what is served. */
  readonly authority: CertificateAndKey;
  /** Trusted already, signs later. */
  readonly next?: CertificateAndKey;
  /** Certificates of authorities that signed before, in PEM: trusted until everybody has what the present one signed. */
  readonly previous: readonly string[];
}

export interface CertificatePlan {
  /** Host names and addresses the server is reached by; the first is its name. */
  readonly hosts: readonly string[];
  readonly validMs: number;
  readonly authorityValidMs: number;
  /** How long two authorities are trusted before the change of who signs, and after it. */
  readonly overlapMs: number;
}

/**
 * The certificates there should be now: pure but for making keys.
 *
 * A server's certificate is renewed when two thirds of its life are over, or when it is not good for the hosts. An
 * authority goes at two thirds of its life, too, in three steps, so that at no time a caller trusts only an authority
 * that did not sign what it is shown: the next one is made and trusted beside it; after `overlapMs` the next one signs;
 * after `overlapMs` more the old one is trusted no longer. The times come from the certificates themselves, so nothing
 * else has to be remembered.
 *
 * @returns `kept` itself where nothing is to be done
 */
export function planCertificates(
  kept: KeptCertificates | undefined,
  plan: CertificatePlan,
  clock: Clock,
): KeptCertificates {
  if (!kept) {
    const authority = newAuthority(plan, clock);
    return { authority, previous: [], serving: issueServing(authority, plan, clock) };
  }
  const now = clock.now();
  let { authority, next, previous } = kept;
  const life = lifeOf(authority.certificate);
  if (!next && isDue(life, now)) next = newAuthority(plan, clock);
  if (next && (now >= lifeOf(next.certificate).from + plan.overlapMs || now >= life.to)) {
    previous = [authority.certificate, ...previous];
    authority = next;
    next = undefined;
  }
  // A change that comes late must not take the old one from replicas that still show what it signed: the time counts
  // from when the new one signed, too. A third of a life passes before the next certificate is due.
  const signedAt = authority === kept.authority ? lifeOf(kept.serving.certificate).from : now;
  const trustedUntil = Math.max(
    lifeOf(authority.certificate).from + 2 * plan.overlapMs,
    signedAt + Math.min(plan.overlapMs, plan.validMs / 3),
  );
  const still = previous.filter((certificate) => now < trustedUntil && now < lifeOf(certificate).to);
  if (still.length < previous.length) previous = still;

  const { serving } = kept;
  const fine =
    isIssuedBy(serving, authority) && covers(serving, plan.hosts) && !isDue(lifeOf(serving.certificate), now);
  if (fine && authority === kept.authority && next === kept.next && previous === kept.previous) return kept;
  return {
    serving: fine ? serving : issueServing(authority, plan, clock),
    authority,
    ...(next ? { next } : {}),
    previous,
  };
}

/** Everything callers are to trust, who signs first. */
export function caBundle({ authority, next, previous }: KeptCertificates): string {
  return [authority.certificate, ...(next ? [next.certificate] : []), ...previous]
    .map((pem) => pem.trim() + "\n")
    .join("");
}

/** The certificates of a bundle, one by one. */
export function splitPem(bundle: string): string[] {
  return (bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map((pem) => `${pem}\n`);
}

/** @throws Error where a key is not that of its certificate, or something is no PEM */
export function checkPair({ certificate, key }: CertificateAndKey): void {
  const parsed = new X509Certificate(certificate);
  if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error(`the key is not that of ${parsed.subject}`);
}

function newAuthority(plan: CertificatePlan, clock: Clock): CertificateAndKey {
  // Names differ, so that nobody takes one for the other when they look for who signed.
  const name = `${plan.hosts[0]!.slice(0, 40)}-ca@${Math.floor(clock.now() / 1000)}`;
  const { certificate, key } = createCertificateAuthority({ clock }, name, plan.authorityValidMs);
  return { certificate, key };
}

function issueServing(authority: CertificateAndKey, plan: CertificatePlan, clock: Clock): CertificateAndKey {
  return loadCertificateAuthority({ clock }, authority).issue({
    // 64 characters are the most a common name may have; clients look at the hosts only.
    commonName: plan.hosts[0]!.slice(0, 64),
    usage: "server",
    hosts: plan.hosts,
    validMs: Math.min(plan.validMs, lifeOf(authority.certificate).to - clock.now()),
  });
}

interface Life {
  readonly from: number;
  readonly to: number;
}

function lifeOf(certificate: string): Life {
  const { validFrom, validTo } = new X509Certificate(certificate);
  return { from: Date.parse(validFrom), to: Date.parse(validTo) };
}

const isDue = ({ from, to }: Life, now: number): boolean => now >= from + ((to - from) * 2) / 3;

function isIssuedBy({ certificate }: CertificateAndKey, authority: CertificateAndKey): boolean {
  const parsed = new X509Certificate(certificate);
  return parsed.verify(new X509Certificate(authority.certificate).publicKey);
}

function covers({ certificate }: CertificateAndKey, hosts: readonly string[]): boolean {
  const parsed = new X509Certificate(certificate);
  return hosts.every((host) => (isIP(host) ? parsed.checkIP(host) : parsed.checkHost(host)) !== undefined);
}
