import { defineResource, type JsonObject } from "@homeostat/api";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { conversion } from "./conversion.ts";
import { type Answer, type Served, serve } from "./server.test-support.ts";

const version = <const S extends z.ZodType>(name: string, spec: S) =>
  defineResource({ group: "example.com", version: name, kind: "App", spec });
const V1 = version("v1", z.object({ host: z.string(), port: z.int() }));
const V1Alpha1 = version("v1alpha1", z.object({ address: z.string() }));
const V1Beta1 = version("v1beta1", z.object({ endpoint: z.object({ host: z.string(), port: z.int() }) }));

const appConversion = conversion(V1, {
  v1alpha1: {
    toHub: (old: ReturnType<typeof V1Alpha1.object>) => {
      const [host = "", port] = old.spec.address.split(":");
      if (port === undefined) throw new Error(`spec.address: ${old.spec.address} has no port`);
      return V1.object({ metadata: old.metadata ?? {}, spec: { host, port: Number(port) } });
    },
    fromHub: (app) =>
      V1Alpha1.object({ metadata: app.metadata ?? {}, spec: { address: `${app.spec.host}:${app.spec.port}` } }),
  },
  v1beta1: {
    toHub: (old: ReturnType<typeof V1Beta1.object>) =>
      V1.object({ metadata: old.metadata ?? {}, spec: old.spec.endpoint }),
    fromHub: (app) => V1Beta1.object({ spec: { endpoint: app.spec } }),
  },
});

const metadata = { namespace: "demo", name: "a", uid: "u", labels: { x: "y" } };
const hub = V1.object({ metadata, spec: { host: "db", port: 1 } });
const alpha = V1Alpha1.object({ metadata, spec: { address: "db:1" } });
const beta = V1Beta1.object({ metadata, spec: { endpoint: { host: "db", port: 1 } } });

describe("conversion", () => {
  test("H07 goes from spoke to hub, from hub to spoke, and between spokes by way of the hub", () => {
    expect(appConversion.convert(alpha, "example.com/v1")).toEqual(hub);
    expect(appConversion.convert(hub, "example.com/v1alpha1")).toEqual(alpha);
    expect(appConversion.convert(beta, "example.com/v1alpha1")).toEqual(alpha);
    const { labels: _labels, ...rest } = metadata;
    expect(appConversion.convert(alpha, "example.com/v1beta1")).toEqual({ ...beta, metadata: rest });
  });

  test("H07 round trips lose nothing, and those that do tell what", () => {
    const ports = fc.record({ host: fc.stringMatching(/^[a-z]{1,9}$/), port: fc.integer({ min: 1, max: 65535 }) });
    fc.assert(
      fc.property(ports, (spec) => {
        const { labels: _labels, ...named } = metadata;
        const object = V1.object({ metadata: named, spec });
        expect(appConversion.roundTripLosses(object, "example.com/v1alpha1")).toEqual([]);
        expect(appConversion.roundTripLosses(object, "example.com/v1beta1")).toEqual([]);
      }),
    );
    expect(appConversion.roundTripLosses(beta, "example.com/v1")).toEqual([
      { op: "remove", path: ["metadata", "labels"], old: { x: "y" } },
    ]);
  });

  test("takes labels and annotations that became empty for none, as the server stores them", () => {
    const emptying = conversion(V1, {
      v1alpha1: {
        toHub: () => ({ metadata: { labels: {}, annotations: {} }, spec: {} }) as never,
        fromHub: () => ({ metadata: { labels: {}, annotations: {} }, spec: {} }) as never,
      },
    });
    const object = { apiVersion: "example.com/v1", kind: V1.kind, metadata: { name: "a" }, spec: {} };
    expect(emptying.convert(object, "example.com/v1alpha1").metadata).toEqual({ name: "a" });
    expect(emptying.roundTripLosses(object, "example.com/v1alpha1")).toEqual([]);
  });

  test("H07 leaves identity alone whatever a converter makes of it", () => {
    const careless = conversion(V1, {
      v1alpha1: {
        toHub: () =>
          ({ apiVersion: "wrong/v9", kind: "Wrong", metadata: { name: "other", labels: { a: "b" } } }) as never,
        fromHub: () => ({}) as never,
      },
    });
    expect(careless.convert(alpha, "example.com/v1")).toEqual({
      apiVersion: "example.com/v1",
      kind: "App",
      metadata: { namespace: "demo", name: "a", uid: "u", labels: { a: "b" } },
    });
  });

  test("H07 refuses the same version, another group, another kind and a version without a converter", () => {
    expect(() => appConversion.convert(hub, "example.com/v1")).toThrow("is of example.com/v1 already");
    expect(() => appConversion.convert(hub, "other.com/v1")).toThrow("the group differs");
    expect(() => appConversion.convert({ ...hub, kind: "Other" }, "example.com/v1alpha1")).toThrow(
      "is not converted here",
    );
    expect(() => appConversion.convert(hub, "example.com/v2")).toThrow("App of example.com/v2 has no converter");
    const stranger = { ...hub, apiVersion: "example.com/v2" };
    expect(() => appConversion.convert(stranger, "example.com/v1")).toThrow("App of example.com/v2 has no converter");
  });

  test("H07 is not made without spokes, or with a converter for the hub", () => {
    const spoke = { toHub: (object: typeof hub) => object, fromHub: (object: typeof hub) => object };
    expect(() => conversion(V1, {})).toThrow("at least one version");
    expect(() => conversion(V1, { v1: spoke })).toThrow("v1 is the hub");
  });
});

describe("conversion over HTTPS", () => {
  let served: Served;
  afterEach(() => served.stop());
  const convert = (objects: readonly object[], desiredAPIVersion: string): Promise<Answer> =>
    served.post("/convert", {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "ConversionReview",
      request: { uid: "u1", desiredAPIVersion, objects: objects as JsonObject[] },
    });

  test("H07 converts all objects of a review, each from its own version", async () => {
    served = await serve([appConversion]);
    const { status, body } = await convert([alpha, beta], "example.com/v1");
    expect(status).toBe(200);
    expect(body).toEqual({
      kind: "ConversionReview",
      apiVersion: "apiextensions.k8s.io/v1",
      response: { uid: "u1", convertedObjects: [hub, hub], result: { metadata: {}, status: "Success" } },
    });
  });

  test("H07 fails a review as a whole, with the converter's words", async () => {
    served = await serve([appConversion]);
    const broken = V1Alpha1.object({ metadata, spec: { address: "db" } });
    const { status, body } = await convert([alpha, broken], "example.com/v1");
    expect(status).toBe(200);
    expect(body["response"]).toEqual({
      uid: "u1",
      convertedObjects: [],
      result: { metadata: {}, status: "Failure", message: "spec.address: db has no port" },
    });
    const other = await convert([{ ...hub, kind: "Other" }], "example.com/v1alpha1");
    expect(other.body["response"]).toMatchObject({
      result: { status: "Failure", message: expect.stringContaining("Other.example.com has no conversion here") },
    });
  });

  test("H07 counts a converter's slip as a panic and keeps its text to itself", async () => {
    const slip = conversion(V1, {
      v1alpha1: { toHub: (old) => (old as never as { no: { such: never } }).no.such, fromHub: () => ({}) as never },
    });
    served = await serve([slip]);
    const { body } = await convert([alpha], "example.com/v1");
    expect(body["response"]).toMatchObject({
      result: { status: "Failure", message: expect.stringContaining("failed unexpectedly") },
    });
    expect(await served.metric("controller_runtime_conversion_webhook_panics_total")).toBe(1);
  });

  test("answers what is no review with 400, and a kind is registered once", async () => {
    served = await serve([appConversion]);
    expect((await served.post("/convert", { kind: "Pod" })).status).toBe(400);
    expect((await served.post("/convert", Buffer.from("{"))).status).toBe(400);
    expect(() => served.server.add(appConversion)).toThrow("App.example.com is registered already");
  });
});
