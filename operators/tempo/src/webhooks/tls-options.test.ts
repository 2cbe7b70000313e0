import { createSecureContext, getCiphers } from "node:tls";
import { expect, it } from "vitest";
import { tlsProfiles } from "../settings/tls-profile.ts";
import { tlsOptions } from "./tls-options.ts";

it.each(Object.entries(tlsProfiles))("7.3: profile %s names suites that Node knows", (_, profile) => {
  const { minVersion, ciphers = "" } = tlsOptions(profile);
  expect(minVersion).toBe(profile.minVersion.replace(/^VersionTLS(\d)(\d)$/, "TLSv$1.$2").replace("TLSv1.0", "TLSv1"));
  const known = new Set(getCiphers().map((name) => name.toUpperCase()));
  // OpenSSL passes over a suite it was built without, as Node's is without Triple DES.
  const unknown = ciphers.split(":").filter((name) => !known.has(name) && name !== "DES-CBC3-SHA");
  expect(unknown).toEqual([]);
  expect(() => createSecureContext({ minVersion: minVersion!, ciphers })).not.toThrow();
});

it.each([
  ["TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"],
  ["TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"],
  ["TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA"],
])("%s is OpenSSL's %s", (suite, openssl) => {
  expect(tlsOptions({ minVersion: "VersionTLS12", cipherSuites: [suite] })).toEqual({
    minVersion: "TLSv1.2",
    ciphers: openssl,
  });
});

it("leaves open what a profile leaves open", () => {
  expect(tlsOptions({ minVersion: "", cipherSuites: [] })).toEqual({});
});
