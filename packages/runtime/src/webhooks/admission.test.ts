import { conflict, defineResource, fieldError, type JsonObject } from "@homeostat/api";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Logger } from "../log.ts";
import {
  type AdmissionAnswer,
  admissionHandler,
  allowed,
  denied,
  errored,
  mutatePath,
  patched,
  patchedTo,
  validatePath,
} from "./admission.ts";
import { chain } from "./chain.ts";
import { defaulting } from "./defaulting.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { type Answer, admissionReviewOf, patchIn, type Served, serve } from "./server.test-support.ts";
import { validating } from "./validating.ts";
import type { Webhook } from "./webhook-server.ts";

const App = defineResource({
  group: "example.com",
  version: "v1",
  kind: "App",
  spec: z.object({ size: z.int().optional(), image: z.string().optional() }),
});
const kind = { group: "example.com", version: "v1", kind: "App" };
const app = (spec: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  apiVersion: "example.com/v1",
  kind: "App",
  metadata: { namespace: "demo", name: "a" },
  spec,
  ...more,
});

let served: Served | undefined;
afterEach(async () => {
  await served?.stop();
  served = undefined;
});
const start = async (...webhooks: Webhook[]): Promise<Served> => (served = await serve(webhooks));
const responseOf = (answer: Answer) =>
  answer.body["response"] as { uid: string; allowed: boolean; status: JsonObject; warnings?: string[] };

const raw = (
  path: string,
  handle: Parameters<typeof admissionHandler>[1],
  type: "mutating" | "validating" = "mutating",
) => admissionHandler({ type, path }, handle);

describe("admission over HTTPS", () => {
  test("H01 answers a body that is missing, of another type, undecodable or too large inside a review", async () => {
    const { post } = await start(raw("/x", () => allowed()));
    const codeOf = async (body: Uint8Array | JsonObject, contentType?: { contentType: string | undefined }) => {
      const answer = await post("/x", body, contentType);
      const { allowed: yes, status } = responseOf(answer);
      return [answer.status, answer.body["kind"], answer.body["apiVersion"], yes, status["code"]];
    };
    const review = (code: number) => [200, "AdmissionReview", "admission.k8s.io/v1", false, code];
    const good = admissionReviewOf({});
    expect(await codeOf(new Uint8Array())).toEqual(review(400));
    expect(await codeOf(good, { contentType: "application/yaml" })).toEqual(review(400));
    expect(await codeOf(good, { contentType: "application/json; charset=utf-8" })).toEqual(review(400));
    expect(await codeOf(good, { contentType: undefined })).toEqual(review(400));
    expect(await codeOf(Buffer.from("{"))).toEqual(review(400));
    expect(await codeOf(Buffer.from([0x22, 0xff, 0x22]))).toEqual(review(400));
    expect(await codeOf({ kind: "Pod", apiVersion: "v1" })).toEqual(review(400));
    expect(await codeOf({ kind: "AdmissionReview", apiVersion: "admission.k8s.io/v2" })).toEqual(review(400));
    expect(await codeOf({ kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1" })).toEqual(review(400));
    const limit = 7 * 1024 * 1024;
    expect(await codeOf(Buffer.alloc(limit, " "))).toEqual(review(413));
    const text = JSON.stringify(good);
    expect(responseOf(await post("/x", Buffer.from(text.padEnd(limit - 1, " ")))).allowed).toBe(true);
  });

  test("H02 answers v1 and v1beta1 reviews in their version, v1 where none is named, with the UID", async () => {
    const { post } = await start(raw("/x", () => allowed()));
    for (const version of ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"]) {
      const answer = await post("/x", admissionReviewOf({ uid: version }, version));
      expect(answer.body).toEqual({
        kind: "AdmissionReview",
        apiVersion: version,
        response: { uid: version, allowed: true, status: { metadata: {}, code: 200 } },
      });
    }
    const unnamed = await post("/x", { request: { uid: "u" } });
    expect(unnamed.body).toMatchObject({ apiVersion: "admission.k8s.io/v1", response: { uid: "u", allowed: true } });
  });

  test("H03 answers 500 with the UID and counts a panic when a handler throws", async () => {
    const { post, metric } = await start(
      raw("/throws", () => {
        throw new Error("out of ideas");
      }),
      raw("/refuses", () => {
        throw conflict({ group: "", plural: "pods" }, "a", "busy");
      }),
      validating(App, { create: (object) => (object as never as { no: { such: [] } }).no.such }),
    );
    const thrown = responseOf(await post("/throws", admissionReviewOf({ uid: "u7" })));
    expect(thrown).toMatchObject({ uid: "u7", allowed: false, status: { code: 500 } });
    expect(thrown.status["message"]).toContain("out of ideas");
    expect(await metric("controller_runtime_webhook_panics_total")).toBe(1);
    const refused = responseOf(await post("/refuses", admissionReviewOf({ uid: "u8" })));
    expect(refused).toMatchObject({ uid: "u8", allowed: false, status: { code: 409, reason: "Conflict" } });
    expect(await metric("controller_runtime_webhook_panics_total")).toBe(1);
    const slip = responseOf(await post(validatePath(App), admissionReviewOf({ uid: "u9", object: app() })));
    expect(slip).toMatchObject({ uid: "u9", allowed: false, status: { code: 500 } });
    expect(await metric("controller_runtime_webhook_panics_total")).toBe(2);
  });

  test("hands requests to raw handlers and their answers back whole", async () => {
    const answers: Record<string, AdmissionAnswer> = {
      "/denied": denied("never on Fridays"),
      "/errored": errored(503, "ask later"),
      "/warned": { ...allowed("fine"), warnings: ["old field"], auditAnnotations: { why: "because" } },
    };
    const { post } = await start(...Object.entries(answers).map(([path, answer]) => raw(path, () => answer)));
    const denial = responseOf(await post("/denied", admissionReviewOf({})));
    expect(denial.status).toMatchObject({ code: 403, reason: "Forbidden", message: "never on Fridays" });
    expect(responseOf(await post("/errored", admissionReviewOf({}))).status).toMatchObject({ code: 503 });
    expect(responseOf(await post("/warned", admissionReviewOf({})))).toEqual({
      uid: "uid-1",
      allowed: true,
      status: { metadata: {}, code: 200, message: "fine" },
      warnings: ["old field"],
      auditAnnotations: { why: "because" },
    });
  });
});

test("loggers of handlers carry controller-runtime's fields, and the object only by name", async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = (fields: Record<string, unknown>): Logger => ({
    debug() {},
    info: (more) => void lines.push({ ...fields, ...more }),
    warn() {},
    error() {},
    child: (more) => logger({ ...fields, ...more }),
  });
  const webhook = validating(App, { create: (_, { log }) => log.info({ mine: 1 }, "Looked") });
  served = await serve([webhook], { log: logger({}) });
  lines.length = 0;
  await served.post(
    webhook.path,
    admissionReviewOf({
      kind,
      resource: { group: "example.com", version: "v1", resource: "apps" },
      namespace: "demo",
      name: "a",
      userInfo: { username: "jane" },
      object: app({ image: "secret" }),
    }),
  );
  expect(lines).toEqual([
    {
      webhookGroup: "example.com",
      webhookKind: "App",
      App: { namespace: "demo", name: "a" },
      namespace: "demo",
      name: "a",
      resource: { group: "example.com", version: "v1", resource: "apps" },
      user: "jane",
      requestID: "uid-1",
      mine: 1,
    },
  ]);
});

describe("defaulting", () => {
  const sized = defaulting(App, (object) => ({ ...object, spec: { size: 3, ...object.spec } }));

  test("H04 patches only what the function changed and keeps fields it does not know", async () => {
    const { post } = await start(sized);
    const object = app({ image: "web", unknown: { deep: [1, null] } }, { extra: true });
    const answer = await post(mutatePath(App), admissionReviewOf({ kind, object }));
    expect(patchIn(answer)).toEqual([{ op: "add", path: "/spec/size", value: 3 }]);
    expect(answer.body["response"]).toMatchObject({ allowed: true, patchType: "JSONPatch" });
    expect(applyJsonPatch(object, patchIn(answer) as never)).toEqual({
      ...object,
      spec: { image: "web", unknown: { deep: [1, null] }, size: 3 },
    });
  });

  test("H04 sends no patch where nothing changes, and lets a delete pass without a call", async () => {
    const { post } = await start(sized);
    const unchanged = await post(mutatePath(App), admissionReviewOf({ object: app({ size: 9 }) }));
    expect(unchanged.body["response"]).toEqual({
      uid: "uid-1",
      allowed: true,
      status: { metadata: {}, code: 200 },
    });
    const deleted = await post(mutatePath(App), admissionReviewOf({ operation: "DELETE", oldObject: app() }));
    expect(responseOf(deleted).allowed).toBe(true);
    expect(patchIn(deleted)).toBeUndefined();
  });

  test("H04 removes unknown fields only where the function does so itself", async () => {
    const { post } = await start(defaulting(App, (object) => App.parse(object)));
    const answer = await post(mutatePath(App), admissionReviewOf({ object: app({ size: 1, unknown: 1 }) }));
    expect(patchIn(answer)).toEqual([{ op: "remove", path: "/spec/unknown" }]);
  });

  test("H04 sees a function that changes the object it was given", async () => {
    const { post } = await start(
      defaulting(App, (object) => {
        (object.spec as { size?: number }).size = 1;
        return object;
      }),
    );
    const answer = await post(mutatePath(App), admissionReviewOf({ object: app() }));
    expect(patchIn(answer)).toEqual([{ op: "add", path: "/spec/size", value: 1 }]);
  });

  test("refuses with the function's error, and objects of another kind with 400", async () => {
    const { post } = await start(
      defaulting(App, (_, { warn }) => {
        warn("no idea");
        throw new Error("spec.image: cannot be guessed");
      }),
    );
    const refused = responseOf(await post(mutatePath(App), admissionReviewOf({ object: app() })));
    expect(refused).toMatchObject({
      allowed: false,
      status: { code: 403, message: "spec.image: cannot be guessed" },
      warnings: ["no idea"],
    });
    const other = { ...kind, kind: "Other" };
    const wrong = responseOf(await post(mutatePath(App), admissionReviewOf({ kind: other, object: app() })));
    expect(wrong.status).toMatchObject({ code: 400 });
    expect(wrong.status["message"]).toContain("Other of example.com/v1");
    expect(responseOf(await post(mutatePath(App), admissionReviewOf({}))).status).toMatchObject({ code: 400 });
  });

  test("works without a webhook, on a copy", async () => {
    const object = App.object({ metadata: { name: "a" }, spec: {} });
    expect((await sized.default(object)).spec).toEqual({ size: 3 });
    expect(object.spec).toEqual({});
  });
});

describe("validating", () => {
  const rules = validating(App, {
    create: (object, { warn }) => {
      warn("sizes are approximate");
      return (object.spec.size ?? 0) > 9 ? [fieldError.invalid("spec.size", object.spec.size, "at most 9")] : [];
    },
    update: (object, old, { warn, request }) => {
      warn(`asked by ${request?.userInfo?.username ?? "nobody"}`);
      if (object.spec.image !== old.spec.image) throw conflict({ group: "example.com", plural: "apps" }, "a", "frozen");
    },
    delete: (old) => {
      if (old.spec.size) throw new Error("spec.size: set it to 0 first");
    },
  });
  const ask = async (request: JsonObject) => {
    const { post } = served ?? (await start(rules));
    return responseOf(await post(validatePath(App), admissionReviewOf({ kind, ...request })));
  };

  test("H05 passes an API status through, refuses with 403 and the text of another error, warns in each case", async () => {
    const old = app({ image: "a" });
    const userInfo = { username: "jane" };
    const conflicting = await ask({ operation: "UPDATE", object: app({ image: "b" }), oldObject: old, userInfo });
    expect(conflicting).toMatchObject({ allowed: false, status: { code: 409, reason: "Conflict" } });
    expect(conflicting.warnings).toEqual(["asked by jane"]);
    const invalid = await ask({ object: app({ size: 10 }) });
    expect(invalid).toMatchObject({
      allowed: false,
      status: { code: 422, reason: "Invalid", details: { causes: [{ field: "spec.size" }] } },
      warnings: ["sizes are approximate"],
    });
    const refused = await ask({ operation: "DELETE", oldObject: app({ size: 1 }) });
    expect(refused).toMatchObject({
      allowed: false,
      status: { code: 403, reason: "Forbidden", message: "spec.size: set it to 0 first" },
    });
    const fine = await ask({ object: app({ size: 1 }) });
    expect(fine).toMatchObject({ allowed: true, warnings: ["sizes are approximate"] });
  });

  test("allows CONNECT without a call and refuses unknown operations and missing objects with 400", async () => {
    expect(await ask({ operation: "CONNECT" })).toMatchObject({ allowed: true });
    expect(await ask({ operation: "LOOK" })).toMatchObject({ allowed: false, status: { code: 400 } });
    expect(await ask({ operation: "CREATE" })).toMatchObject({ allowed: false, status: { code: 400 } });
    expect(await ask({ operation: "UPDATE", object: app() })).toMatchObject({ status: { code: 400 } });
    expect(await ask({ operation: "DELETE" })).toMatchObject({ status: { code: 400 } });
  });

  test("works without a webhook: warnings are returned, refusals thrown", async () => {
    const object = App.object({ metadata: { name: "a" }, spec: { size: 10 } });
    await expect(rules.validate(object)).rejects.toMatchObject({ status: { code: 422 } });
    expect(await rules.validate(object, object)).toEqual(["asked by nobody"]);
  });
});

describe("a chain", () => {
  const label = (key: string) =>
    raw("/chain", (request) => {
      const { metadata, ...rest } = request.object as { metadata: { labels?: JsonObject } } & JsonObject;
      return patchedTo(request, { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, [key]: "yes" } } });
    });

  test("H06 joins the patches of its handlers, each made on what the one before left", async () => {
    const warning = raw("/w", () => ({ ...allowed(), warnings: ["hm"] }));
    const { post } = await start(chain(label("a"), warning, label("b")));
    const answer = await post("/chain", admissionReviewOf({ object: app() }));
    expect(patchIn(answer)).toEqual([
      { op: "add", path: "/metadata/labels", value: { a: "yes" } },
      { op: "add", path: "/metadata/labels/b", value: "yes" },
    ]);
    expect(responseOf(answer).warnings).toEqual(["hm"]);
  });

  test("H06 stops at the first denial, which carries no patches", async () => {
    const asked: string[] = [];
    const no = (name: string) =>
      raw(`/${name}`, () => {
        asked.push(name);
        return { ...denied(name), patch: [{ op: "remove", path: "/spec" }] };
      });
    const { post } = await start(chain(label("a"), no("first"), no("second")));
    const answer = await post("/chain", admissionReviewOf({ object: app() }));
    expect(responseOf(answer)).toMatchObject({ allowed: false, status: { code: 403, message: "first" } });
    expect(patchIn(answer)).toBeUndefined();
    expect(asked).toEqual(["first"]);
  });

  test("H06 of validating handlers joins warnings and denies with the first", async () => {
    const say = (warning: string, answer: AdmissionAnswer) =>
      raw(`/${warning}`, () => ({ ...answer, warnings: [warning] }), "validating");
    const { post } = await start(
      chain(say("one", allowed()), say("two", allowed())),
      chain(say("three", allowed()), say("four", denied("no")), say("five", allowed())),
    );
    expect(responseOf(await post("/one", admissionReviewOf({})))).toMatchObject({
      allowed: true,
      warnings: ["one", "two"],
    });
    expect(responseOf(await post("/three", admissionReviewOf({})))).toMatchObject({
      allowed: false,
      warnings: ["three", "four"],
    });
  });

  test("does not mix the two types", () => {
    const validator = raw("/v", () => allowed(), "validating");
    expect(() =>
      chain(
        raw("/m", () => patched([])),
        validator,
      ),
    ).toThrow("make one chain of each");
  });
});

test("paths are controller-runtime's", () => {
  expect(mutatePath({ group: "apps.example.com", version: "v1beta1", kind: "WebApp" })).toBe(
    "/mutate-apps-example-com-v1beta1-webapp",
  );
  expect(validatePath({ group: "", version: "v1", kind: "Pod" })).toBe("/validate--v1-pod");
  expect(() => raw("/a b", () => allowed())).toThrow("webhook path");
});
