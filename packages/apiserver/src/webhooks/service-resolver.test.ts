import type { JsonObject } from "@homeostat/api";
import { expect, it } from "vitest";
import type { Lookup } from "../builtins/admission/lookup.ts";
import { createServiceResolver } from "./service-resolver.ts";

const wanted = { namespace: "ns", name: "hooks", port: 443 };

/** A lookup over objects by plural. */
function lookupOf(objects: Readonly<Record<string, readonly JsonObject[]>>): Lookup {
  return {
    get: async (_group, plural, name) =>
      objects[plural]?.find((object) => (object["metadata"] as { name: string }).name === name),
    list: async (_group, plural) => objects[plural] ?? [],
  };
}

const service = (spec: JsonObject): JsonObject => ({ metadata: { name: "hooks" }, spec });
const clusterIp = service({ ports: [{ name: "https", port: 443 }] });
const endpoints = (address: JsonObject): JsonObject => ({
  metadata: { name: "hooks" },
  subsets: [{ addresses: [address], ports: [{ name: "https", port: 9443 }] }],
});

it("B221 asks the server's user first", async () => {
  const told = { host: "127.0.0.1", port: 1234 };
  const resolve = createServiceResolver(lookupOf({}), ({ name }) => (name === "hooks" ? told : undefined));
  expect(await resolve(wanted)).toEqual(told);
  await expect(resolve({ ...wanted, name: "other" })).rejects.toThrow('service "other" not found');
});

it("B221 takes the external name of a service", async () => {
  const services = [service({ type: "ExternalName", externalName: "localhost" })];
  expect(await createServiceResolver(lookupOf({ services }), undefined)(wanted)).toEqual({
    host: "localhost",
    port: 443,
  });
});

it("B221 takes an address of Endpoints under the name of the port", async () => {
  const objects = { services: [clusterIp], endpoints: [endpoints({ ip: "127.0.0.2" })] };
  expect(await createServiceResolver(lookupOf(objects), undefined)(wanted)).toEqual({ host: "127.0.0.2", port: 9443 });
});

it("B221 takes no address of a pod, unless it is of this machine", async () => {
  const targetRef = { kind: "Pod", name: "p" };
  const at = (ip: string) =>
    createServiceResolver(
      lookupOf({ services: [clusterIp], endpoints: [endpoints({ ip, targetRef })] }),
      undefined,
    )(wanted);
  await expect(at("10.244.0.5")).rejects.toThrow('no endpoints available for service "hooks"');
  expect(await at("127.0.0.1")).toEqual({ host: "127.0.0.1", port: 9443 });
});

it("B221 refuses a port that the service does not have", async () => {
  const resolve = createServiceResolver(lookupOf({ services: [clusterIp] }), undefined);
  await expect(resolve({ ...wanted, port: 80 })).rejects.toThrow('no service port 80 found for service "hooks"');
});
