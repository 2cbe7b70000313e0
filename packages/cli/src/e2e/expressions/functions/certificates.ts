import { type KeyObject, X509Certificate } from "node:crypto";
import type { Json, JsonObject } from "@homeostat/api";
import { define, type FunctionTable } from "./definition.ts";

/** Functions of certificates. Source: kyverno, JMESPath `x509_decode`. */
export const certificateFunctions: FunctionTable = {
  x509_decode: define("string", (pem: string) => decode(pem)),
};

/** What tests ask of a certificate, under the names that Go's `x509.Certificate` has in JSON. */
function decode(pem: string): JsonObject {
  const certificate = parse(pem);
  const { subject, issuer } = certificate.toLegacyObject();
  const names = alternativeNames(certificate.subjectAltName ?? "");
  return {
    Raw: certificate.raw.toString("base64"),
    SignatureAlgorithm: signatureAlgorithms.indexOf((certificate.signatureAlgorithm ?? "").toLowerCase()) + 1,
    PublicKeyAlgorithm: keyAlgorithms.indexOf(certificate.publicKey.asymmetricKeyType ?? "") + 1,
    PublicKey: publicKey(certificate.publicKey),
    SerialNumber: Number(BigInt(`0x${certificate.serialNumber}`)),
    Issuer: distinguishedName(issuer as unknown as Name),
    Subject: distinguishedName(subject as unknown as Name),
    NotBefore: time(certificate.validFrom),
    NotAfter: time(certificate.validTo),
    IsCA: certificate.ca,
    ExtKeyUsage: (certificate.keyUsage ?? []).map((oid) => usages.indexOf(oid)).filter((usage) => usage >= 0),
    DNSNames: names("DNS"),
    EmailAddresses: names("email"),
    IPAddresses: names("IP Address"),
    URIs: names("URI"),
  };
}

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Error("x509_decode: this is no certificate in PEM", { cause: error });
  }
}

/** OpenSSL's names in the order of Go's numbers, which begin with 1; those that are never met are empty. */
const signatureAlgorithms = [
  ...["", "md5withrsaencryption", "sha1withrsaencryption"],
  ...["sha256withrsaencryption", "sha384withrsaencryption", "sha512withrsaencryption"],
  ...["", "", "ecdsa-with-sha1", "ecdsa-with-sha256", "ecdsa-with-sha384", "ecdsa-with-sha512"],
  ...["", "", "", "ed25519"],
];
const keyAlgorithms = ["rsa", "dsa", "ec", "ed25519"];
/** Any, server, client, code, mail, three of IPsec, time stamps, OCSP: Go counts them from 0. */
const usages = [
  "2.5.29.37.0",
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => `1.3.6.1.5.5.7.3.${number}`),
] as readonly string[];

/** Of RSA keys, the two numbers, the long one as text; other kinds of keys are compared by their algorithm. */
function publicKey(key: KeyObject): Json {
  if (key.asymmetricKeyType !== "rsa") return null;
  const { n = "", e = "" } = key.export({ format: "jwk" });
  const number = (text: string): bigint => BigInt(`0x${Buffer.from(text, "base64url").toString("hex")}`);
  return { N: String(number(n)), E: Number(number(e)) };
}

type Name = Readonly<Record<string, string | string[] | undefined>>;

function distinguishedName(name: Name): JsonObject {
  const all = (key: string): Json => (name[key] === undefined ? null : [name[key]].flat());
  const last = (key: string): string => [name[key] ?? ""].flat().at(-1) ?? "";
  return {
    Country: all("C"),
    Organization: all("O"),
    OrganizationalUnit: all("OU"),
    Locality: all("L"),
    Province: all("ST"),
    StreetAddress: all("street"),
    PostalCode: all("postalCode"),
    SerialNumber: last("serialNumber"),
    CommonName: last("CN"),
  };
}

/** `DNS:a.example, IP Address:10.0.0.1`; null where there are none of a type, as Go writes an empty slice. */
function alternativeNames(text: string): (type: string) => Json {
  const pairs = text.split(", ").map((part) => [part.slice(0, part.indexOf(":")), part.slice(part.indexOf(":") + 1)]);
  return (type) => {
    const found = pairs.filter(([of]) => of === type).map(([, name]) => name!);
    return found.length > 0 ? found : null;
  };
}

const time = (text: string): string => new Date(text).toISOString().replace(".000Z", "Z");
