import { expect, test } from "vitest";
import { createLogger } from "./json-logger.ts";

function lines(level?: "debug") {
  const written: string[] = [];
  const log = createLogger({ ...(level ? { level } : {}), destination: { write: (line) => void written.push(line) } });
  return { log, parsed: () => written.map((line) => JSON.parse(line)) };
}

test("writes one line of JSON with the fields of parent and child", () => {
  const { log, parsed } = lines();
  log.child({ controller: "widget" }).info({ name: "a" }, "Reconciled");
  log.debug({}, "Not written");
  expect(parsed()).toMatchObject([
    { level: "info", controller: "widget", name: "a", msg: "Reconciled", time: expect.stringMatching(/^20.*Z$/) },
  ]);
});

test("tells errors with their stack", () => {
  const { log, parsed } = lines();
  log.error({ err: new Error("no") }, "Reconciler error");
  expect(parsed()[0].err).toMatchObject({
    type: "Error",
    message: "no",
    stack: expect.stringContaining("json-logger.test.ts"),
  });
});

test("H15 names objects instead of writing them", () => {
  const { log, parsed } = lines("debug");
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s", namespace: "demo" },
    data: { password: "cGFzcw==" },
  };
  log.debug({ object: secret }, "Seen");
  expect(parsed()[0].object).toEqual({ apiVersion: "v1", kind: "Secret", name: "s", namespace: "demo" });
});
