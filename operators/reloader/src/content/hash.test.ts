import { describe, expect, test } from "vitest";
import {
  configMapFingerprints,
  deletedHash,
  secretFingerprints,
  secretProviderClassHash,
  sha1,
  variableName,
} from "./hash.ts";

const base64 = (bytes: string | number[]): string => Buffer.from(bytes as string).toString("base64");

describe("Stakater Reloader's hash", () => {
  test.each([
    ["an empty ConfigMap", configMapFingerprints({}), "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["an empty Secret", secretFingerprints({}), "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["one key", configMapFingerprints({ data: { key: "value" } }), "dc30e0faa89a70dec1033016a2309bbeb9efcbd0"],
    ["two keys", configMapFingerprints({ data: { b: "2", a: "1" } }), "f83e99e324ba68ccc373a58ef1eb42f8ab88646a"],
    ["a value like two", configMapFingerprints({ data: { a: "1;b=2" } }), "f83e99e324ba68ccc373a58ef1eb42f8ab88646a"],
    [
      "text and binary data",
      configMapFingerprints({ data: { test: "test" }, binaryData: { bintest: base64("test") } }),
      "0d58150de76a895b24f4ca213f590766160c4349",
    ],
    [
      "binary data",
      configMapFingerprints({ binaryData: { b: base64([0, 1, 255]) } }),
      "062c9042cb625bcfa02951a39e2307183721b428",
    ],
    [
      "a Secret",
      secretFingerprints({ data: { password: base64("initial") } }),
      "c89820d4c89a3faac2e18b569de03dfe4d818f5e",
    ],
    [
      "a Secret of bytes",
      secretFingerprints({ data: { k: base64([0, 255]) } }),
      "b3c11c6f942b045d58ee0dc075c6c3dc6782edbf",
    ],
  ])("of %s is as it writes it", (_, { reloader }, expected) => {
    expect(reloader).toBe(expected);
  });

  test("of what is gone, of a provider class, and of a text are as it writes them", () => {
    expect(deletedHash).toBe("aae45badef99284e4dae01d6046154ea9d99532f");
    expect(secretProviderClassHash("vault-demo", [{ id: "secret/password", version: "1" }])).toBe(
      "0a15a81583f65696a9bd1b2eaa0222bc69fdb4c6",
    );
    expect(sha1("www.stakater.com")).toBe("abd4ed82fb04548388a6cf3c339fd9dc84d275df");
  });
});

describe("hash of the status", () => {
  test("is as the vectors say", () => {
    expect(secretFingerprints({ data: { password: base64("secret123") } }).status).toBe(
      "d76b86529169b8606158a3084c058f3d338b13dc09771a3682551beb4aa2341c",
    );
    expect(configMapFingerprints({ data: { key2: "value2", key1: "value1" } }).status).toBe(
      "fee42f0ecaeaa90ddd43c61b606d357328a83c174391f9b0281571abf074f2c3",
    );
  });

  test("is empty where there is no data", () => {
    expect(configMapFingerprints({ data: {} }).status).toBe("");
    expect(secretFingerprints({}).status).toBe("");
  });

  test("takes binary data for a key that has both", () => {
    expect(configMapFingerprints({ data: { a: "text" }, binaryData: { a: base64("bytes") } }).status).toBe(
      configMapFingerprints({ data: { a: "bytes" } }).status,
    );
  });
});

describe("digest", () => {
  test("tells contents apart that the other hashes confuse", () => {
    const one = configMapFingerprints({ data: { a: "1;b:2", c: "" } });
    const two = configMapFingerprints({ data: { a: "1", b: "2", c: "" } });
    expect(one.status).toBe(two.status);
    expect(one.digest).not.toBe(two.digest);
    const three = configMapFingerprints({ data: { a: "1;b=2" } });
    const four = configMapFingerprints({ data: { a: "1", b: "2" } });
    expect(three.reloader).toBe(four.reloader);
    expect(three.digest).not.toBe(four.digest);
  });

  test("does not look at the order of keys", () => {
    expect(configMapFingerprints({ data: { b: "2", a: "1" } }).digest).toBe(
      configMapFingerprints({ data: { a: "1", b: "2" } }).digest,
    );
  });
});

describe("variable name", () => {
  test.each([
    ["foo", "FOO"],
    ["www.stakater.com", "WWW_STAKATER_COM"],
    ["my-config", "MY_CONFIG"],
    ["a--b", "A_B"],
    ["a.-b", "A_B"],
    ["1st.cm", "1ST_CM"],
    ["-x", "X"],
  ])("of %s holds %s", (name, expected) => {
    expect(variableName("ConfigMap", name)).toBe(`STAKATER_${expected}_CONFIGMAP`);
  });

  test("says which kind it is of", () => {
    expect(variableName("Secret", "db-credentials")).toBe("STAKATER_DB_CREDENTIALS_SECRET");
    expect(variableName("SecretProviderClass", "vault")).toBe("STAKATER_VAULT_SECRETPROVIDERCLASS");
  });
});
