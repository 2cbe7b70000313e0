import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { isIP } from "node:net";
import type { Clock } from "../clock.ts";
import { der } from "./der.ts";

/** A certificate and its private key, both in PEM. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

export type CertificateUsage = "server" | "client";

export interface CertificateRequest {
  /** Of a client: its user name. */
  readonly commonName: string;
  /** Of a client: its groups. */
  readonly organizations?: readonly string[];
  /** What the certificate may be shown as; both for processes that call each other. */
  readonly usage: CertificateUsage | readonly CertificateUsage[];
  /** Host names and IP addresses a server is reached by. */
  readonly hosts?: readonly string[];
  /** Default one year. */
  readonly validMs?: number;
}

/** Signs certificates. Its own is {@link CertificateAndKey.certificate}; its key is for keeping, not for handing out. */
export interface CertificateAuthority extends CertificateAndKey {
  issue(request: CertificateRequest): CertificateAndKey;
}

export interface CertificateOptions {
  readonly clock: Clock;
  /** Serial numbers; default the system's random source. */
  readonly randomBytes?: (count: number) => Uint8Array;
}

const yearMs = 365 * 24 * 3_600_000;
/** Certificates are valid from a little before they are made, for clocks that lag behind. */
const backdateMs = 5 * 60_000;

const oids = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
} as const;

/** A new authority with a P-256 key. @param validMs default ten years */
export function createCertificateAuthority(
  options: CertificateOptions,
  commonName = "homeostat-ca",
  validMs = 10 * yearMs,
): CertificateAuthority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const subject = name(commonName);
  const certificate = makeCertificate(options, {
    subject,
    issuer: subject,
    publicKey: keys.publicKey,
    signer: keys.privateKey,
    validMs,
    extensions: [
      extension(oids.basicConstraints, der.sequence(der.boolean(true)), true),
      // Digital signature, certificate signing, CRL signing.
      extension(oids.keyUsage, der.bitString(Buffer.from([0b1000_0110]), 1), true),
    ],
  });
  return loadCertificateAuthority(options, { certificate, key: privateKeyPem(keys.privateKey) });
}

/** An authority that was made before and kept. @throws Error when the two do not belong together */
export function loadCertificateAuthority(options: CertificateOptions, kept: CertificateAndKey): CertificateAuthority {
  const parsed = new X509Certificate(kept.certificate);
  const signer = createPrivateKey(kept.key);
  if (!parsed.ca || !parsed.checkPrivateKey(signer)) {
    throw new Error(
      `the certificate of ${parsed.subject} is no authority's, or its key is another one's: delete both to have new ones made`,
    );
  }
  const issuer = name(/^CN=(.*)$/m.exec(parsed.subject)?.[1] ?? "");
  return {
    ...kept,
    issue(request) {
      const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const certificate = makeCertificate(options, {
        subject: name(request.commonName, request.organizations),
        issuer,
        publicKey: keys.publicKey,
        signer,
        validMs: request.validMs ?? yearMs,
        extensions: leafExtensions(request),
      });
      return { certificate, key: privateKeyPem(keys.privateKey) };
    },
  };
}

interface Certificate {
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly validMs: number;
  readonly extensions: readonly Uint8Array[];
}

function makeCertificate(
  { clock, randomBytes: random = randomBytes }: CertificateOptions,
  wanted: Certificate,
): string {
  const now = clock.now();
  const algorithm = der.sequence(der.oid(oids.ecdsaWithSha256));
  const toBeSigned = der.sequence(
    der.context(0, der.integer(Buffer.from([2]))),
    der.integer(serialNumber(random)),
    algorithm,
    wanted.issuer,
    der.sequence(der.time(now - backdateMs), der.time(now + wanted.validMs)),
    wanted.subject,
    wanted.publicKey.export({ type: "spki", format: "der" }),
    der.context(
      3,
      der.sequence(
        ...wanted.extensions,
        extension(oids.subjectKeyIdentifier, der.octetString(keyIdentifier(wanted.publicKey))),
        extension(
          oids.authorityKeyIdentifier,
          der.sequence(der.context(0, keyIdentifier(createPublicKey(wanted.signer)), false)),
        ),
      ),
    ),
  );
  const signature = sign("sha256", toBeSigned, wanted.signer);
  return pem(der.sequence(toBeSigned, algorithm, der.bitString(signature)));
}

/** Positive, not zero, and different for every certificate. */
function serialNumber(random: (count: number) => Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(random(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

function leafExtensions({ usage, hosts = [] }: CertificateRequest): Uint8Array[] {
  return [
    extension(oids.basicConstraints, der.sequence(), true),
    // Digital signature: all that key agreement with a P-256 key needs.
    extension(oids.keyUsage, der.bitString(Buffer.from([0b1000_0000]), 7), true),
    extension(oids.extendedKeyUsage, der.sequence(...[usage].flat().map((one) => der.oid(oids[one])))),
    ...(hosts.length > 0 ? [extension(oids.subjectAltName, der.sequence(...hosts.map(generalName)))] : []),
  ];
}

function extension(oid: string, value: Uint8Array, critical = false): Uint8Array {
  return der.sequence(der.oid(oid), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

/** Organizations come first, as in the certificates of other tools. */
function name(commonName: string, organizations: readonly string[] = []): Uint8Array {
  const part = (oid: string, value: string): Uint8Array => der.set(der.sequence(der.oid(oid), der.utf8String(value)));
  return der.sequence(
    ...organizations.map((value) => part(oids.organization, value)),
    part(oids.commonName, commonName),
  );
}

function generalName(host: string): Uint8Array {
  return isIP(host) ? der.context(7, addressBytes(host), false) : der.context(2, Buffer.from(host), false);
}

function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >>> 8, group & 0xff]));
}

/** SHA-1 of the key is the customary identifier; it secures nothing. Source: RFC 5280, 4.2.1.2. */
function keyIdentifier(key: KeyObject): Uint8Array {
  return createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }))
    .digest();
}

function privateKeyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function pem(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
