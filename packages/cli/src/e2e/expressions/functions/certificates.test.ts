import { systemClock } from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";
import { expect, test } from "vitest";
import { testWorld } from "../../world.test-support.ts";
import { Bindings } from "../bindings.ts";
import { Evaluator } from "../evaluator.ts";

async function decode(pem: string): Promise<unknown> {
  const evaluator = await Evaluator.create(testWorld());
  return evaluator.settle(() => evaluator.evaluate("x509_decode(@)", pem, Bindings.none));
}

/** Made with openssl: RSA, valid for ten years, for two names and an address. */
const rsa = `-----BEGIN CERTIFICATE-----
MIICljCCAf+gAwIBAgICEjQwDQYJKoZIhvcNAQELBQAwQDELMAkGA1UEBhMCREUx
DTALBgNVBAoMBEFjbWUxDDAKBgNVBAsMA1dlYjEUMBIGA1UEAwwLYXBwLmV4YW1w
bGUwHhcNMjYxMTIwMjE1ODIwWhcNMzYxMTE3MjE1ODIwWjBAMQswCQYDVQQGEwJE
RTENMAsGA1UECgwEQWNtZTEMMAoGA1UECwwDV2ViMRQwEgYDVQQDDAthcHAuZXhh
bXBsZTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAtKIOtkAH7rV9yL+F+F0/
C6xThRIB90ZfhKK2z0r2Bp3i+e8h1onSZnNuPVEb7HDzrek6NvldYyNv72zrWAXR
xT25XsXskx3drcIgDTfXSfLDzG0scILEpx6AMZh59j8tDpIZbxj+So04hnbk8h3P
QwwE1hk+YqtBHrXV5/9OT8sCAwEAAaOBnjCBmzAdBgNVHQ4EFgQUU6G6NZMibAL9
wfmFhBrBF/97PpswHwYDVR0jBBgwFoAUU6G6NZMibAL9wfmFhBrBF/97PpswDwYD
VR0TAQH/BAUwAwEB/zApBgNVHREEIjAgggthcHAuZXhhbXBsZYILd3d3LmV4YW1w
bGWHBAoAAAEwHQYDVR0lBBYwFAYIKwYBBQUHAwEGCCsGAQUFBwMCMA0GCSqGSIb3
DQEBCwUAA4GBAIzhL5DhHo29OjHgX3HYSHHH3AEBHKD6+2T0Q3Ddw5rZwHeeiKXN
xNN6XSmdxvWeLRkvToyc+aGbvoOxMQAJIzeL1iEcOWWFTB9cTKO/5PDoyY5Nu8yq
t4JKee7panyNGo7pzGnMzGj3Cd+np4P6hrLBpwn/Q492biU6+qcRquNh
-----END CERTIFICATE-----`;

test("x509_decode tells of a certificate what Go does, under Go's names", async () => {
  expect(await decode(rsa)).toMatchObject({
    SignatureAlgorithm: 4,
    PublicKeyAlgorithm: 1,
    PublicKey: {
      N: "126844832234009403793383647626654517725898196585238156750409338480208151351446619497743448772956108760464699566692351181129386139017269077871813071312973591929142675729533494843090530472894571872748536180103482482895107970216715939327482159111952257714936396308898002761459014917256356138748925083049092075467",
      E: 65537,
    },
    SerialNumber: 4660,
    Subject: { Country: ["DE"], Organization: ["Acme"], OrganizationalUnit: ["Web"], CommonName: "app.example" },
    Issuer: { CommonName: "app.example", Locality: null, SerialNumber: "" },
    NotBefore: "2026-11-20T21:58:20Z",
    NotAfter: "2036-11-17T21:58:20Z",
    IsCA: true,
    ExtKeyUsage: [1, 2],
    DNSNames: ["app.example", "www.example"],
    IPAddresses: ["10.0.0.1"],
    URIs: null,
  });
});

test("x509_decode knows certificates of elliptic curves", async () => {
  const { certificate } = createCertificateAuthority({ clock: systemClock });
  expect(await decode(certificate)).toMatchObject({ PublicKeyAlgorithm: 3, SignatureAlgorithm: 10, PublicKey: null });
});

test("x509_decode refuses what is no certificate", async () => {
  await expect(decode("-----BEGIN NOTHING-----")).rejects.toThrow("this is no certificate in PEM");
});
