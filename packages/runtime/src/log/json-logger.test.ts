import { ApiError, createVirtualClock } from "@homeostat/api";
import { expect, test } from "vitest";
import { createLogger, type LoggerOptions } from "./json-logger.ts";

function lines(options: LoggerOptions = {}) {
  const written: string[] = [];
  const log = createLogger({ ...options, destination: { write: (line) => void written.push(line) } });
  return { log, written, parsed: () => written.map((line) => JSON.parse(line)) };
}

const secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s", namespace: "demo", annotations: { last: "cGFzcw==" } },
  data: { password: "cGFzcw==" },
};

test("writes one line of JSON with the fields of parent and child", () => {
  const { log, parsed } = lines();
  log.child({ controller: "widget" }).info({ name: "a" }, "Reconciled");
  log.debug({}, "Not written");
  expect(parsed()).toMatchObject([
    { level: "info", controller: "widget", name: "a", msg: "Reconciled", time: expect.stringMatching(/^20.*Z$/) },
  ]);
});

test("tells errors with their stack, their code and their causes", () => {
  const { log, parsed } = lines();
  log.error({ err: new Error("no", { cause: new TypeError("why") }) }, "Reconciler error");
  expect(parsed()[0].err).toMatchObject({
    type: "Error",
    message: "no",
    stack: expect.stringContaining("json-logger.test.ts"),
    cause: { type: "TypeError", message: "why" },
  });
  const refused = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code: 409, reason: "Conflict" };
  log.error({ err: new ApiError({ ...refused, message: "old" } as never) }, "Reconciler error");
  expect(parsed()[1].err).toMatchObject({ type: "ApiError", message: "[Conflict] old", code: 409, reason: "Conflict" });
});

test("H15 names objects instead of writing them", () => {
  const { log, parsed } = lines({ level: "debug" });
  log.debug({ object: secret }, "Seen");
  expect(parsed()[0].object).toEqual({ apiVersion: "v1", kind: "Secret", name: "s", namespace: "demo" });
});

test.each(["json", "text"] as const)("H15 lets no content of a Secret into %s lines, wherever it strays", (format) => {
  const { log, written } = lines({ format });
  const error = Object.assign(new Error("write failed", { cause: Object.assign(new Error("inner"), { secret }) }), {
    object: secret,
    body: JSON.stringify(secret),
  });
  const { kind: _, apiVersion: __, ...bare } = secret;
  log.child({ owner: secret }).warn({ list: [secret, { bare }], diff: { before: { object: secret } } }, "Strayed");
  log.error({ err: error, items: { apiVersion: "v1", kind: "SecretList", metadata: {}, items: [secret] } }, "Failed");
  log.info({ bytes: Buffer.from("cGFzcw=="), map: new Map([["a", secret]]) }, "Odd");
  log.info({ unnamed: { apiVersion: "v1", kind: "Secret", data: secret.data } }, "Unnamed");
  log.info({ generated: { metadata: { generateName: "s-" }, stringData: { password: "cGFzcw==" } } }, "Generated");
  expect(written).toHaveLength(5);
  const text = written.join("");
  expect(text).not.toContain("cGFzcw");
  expect(text).not.toContain(String([...Buffer.from("cGFzcw==")].slice(0, 4)));
  for (const seen of ["write failed", "inner", "SecretList", "8 bytes", "s-"]) expect(text).toContain(seen);
});

test("writes what refers to itself only so deep", () => {
  const { log, parsed } = lines();
  const loop: Record<string, unknown> = { size: 1 };
  loop["self"] = loop;
  log.info({ loop }, "Looped");
  expect(parsed()[0].loop).toMatchObject({ size: 1, self: { size: 1 } });
});

test("writes text for people: time, level, message, fields, and stacks below", async () => {
  const clock = createVirtualClock();
  const { log, written } = lines({ format: "text", clock });
  await clock.advance(1_250);
  log.child({ controller: "widget" }).info({ Widget: { namespace: "demo", name: "a" }, took: "2 s" }, "Reconciled");
  log.debug({}, "Not written");
  log.error({ err: new Error("no", { cause: new Error("why") }) }, "Reconciler error");
  expect(written[0]).toBe(
    '00:00:01.250 INFO  Reconciled  controller=widget Widget={"namespace":"demo","name":"a"} took="2 s"\n',
  );
  expect(written[1]).toMatch(
    /^00:00:01\.250 ERROR Reconciler error\n {2}err: Error: no\n {6}at .*caused by: Error: why\n/s,
  );
  expect(written).toHaveLength(2);
});

test("colours text on a terminal only", () => {
  const terminal = lines({ format: "text", isTTY: true });
  const file = lines({ format: "text" });
  terminal.log.warn({ a: 1 }, "Careful");
  file.log.warn({ a: 1 }, "Careful");
  expect(terminal.written[0]).toContain("\u001b[33mWARN ");
  expect(file.written[0]).not.toContain("\u001b");
});
