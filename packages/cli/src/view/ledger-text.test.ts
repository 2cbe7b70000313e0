import type { Cause } from "@homeostat/runtime";
import { describe, expect, test } from "vitest";
import { causeText, outcomeText, whyText, writesText } from "./ledger-text.ts";

const subject = { namespace: "default", name: "hello", resource: "webapps.apps.example.com" };
const event = {
  type: "event",
  event: "updated",
  resource: "configmaps",
  namespace: "default",
  name: "hello-config",
  resourceVersion: "7",
} as const;
const own = { ...event, resource: subject.resource, name: "hello" } as const;

describe("a cause", () => {
  test.each<[string, Cause]>([
    ["found at start", { type: "initial" }],
    ["asked to look again after 5 s", { type: "requeue", afterMs: 5_000 }],
    ["retry 2 after: no such host", { type: "retry", attempt: 2, error: "no such host" }],
    ["looked at again without a change", { type: "resync" }],
    ["slowed by the loop guard for 1.5 s", { type: "slowed", afterMs: 1_500 }],
    ["asked for: a test", { type: "manual", reason: "a test" }],
    ["it was created by kubectl", { ...own, event: "added", writer: "kubectl" }],
    ["it was deleted", { ...own, event: "deleted", writer: "kubectl" }],
    ["spec.message changed by kubectl-edit", { ...own, paths: ["spec.message"], writer: "kubectl-edit" }],
    ["status changed", { ...own, changed: "status" }],
    ["it changed", own],
    ["configmaps/hello-config deleted", { ...event, event: "deleted" }],
    ["configmaps/hello-config created by me", { ...event, event: "added", writer: "me" }],
    ["configmaps/hello-config: data.a, data.b changed by me", { ...event, paths: ["data.a", "data.b"], writer: "me" }],
    ["configmaps/hello-config: metadata changed", { ...event, changed: "metadata" }],
    ["configmaps/elsewhere/hello-config changed", { ...event, namespace: "elsewhere" }],
    ["nodes/one changed", { ...event, resource: "nodes", namespace: undefined, name: "one" }],
    ["it changed by a b", { ...own, writer: "a\x1b\nb" }],
  ])("reads: %s", (text, cause) => {
    expect(causeText(cause, subject)).toBe(text);
  });
});

describe("why", () => {
  test("says each thing once and counts what was dropped", () => {
    expect(whyText({ causes: [event, event, { type: "initial" }], droppedCauses: 3 }, subject)).toBe(
      "configmaps/hello-config changed, found at start, and 3 more",
    );
  });

  test("counts what there is no room for", () => {
    const causes: Cause[] = ["a", "b", "c", "d", "e"].map((name) => ({ ...event, name }));
    expect(whyText({ causes, droppedCauses: 2 }, subject, 3)).toBe(
      "configmaps/a changed, configmaps/b changed, configmaps/c changed, and 4 more",
    );
    expect(whyText({ causes: causes.slice(0, 4), droppedCauses: 0 }, subject, 3)).toMatch(/configmaps\/d changed$/);
    const paths = ["data.a", "data.b", "data.c", "data.d", "data.e"];
    expect(causeText({ ...event, paths }, subject)).toBe(
      "configmaps/hello-config: data.a, data.b, data.c, and 2 more changed",
    );
  });

  test("joins the writers of one change", () => {
    const causes: Cause[] = ["a", "b", "a"].map((writer) => ({ ...event, paths: ["data.x"], writer }));
    expect(whyText({ causes, droppedCauses: 0 }, subject)).toBe("configmaps/hello-config: data.x changed by a and b");
  });

  test("admits that nothing was recorded", () => {
    expect(whyText({ causes: [], droppedCauses: 0 }, subject)).toBe("not recorded");
  });
});

test("names what was written, and what of it changed nothing", () => {
  const write = { verb: "apply", resource: "configmaps", namespace: "default", name: "hello-config", changed: true };
  const status = { ...write, verb: "patch", resource: subject.resource, name: "hello", subresource: "status" };
  expect(writesText([write, { ...status, changed: false }], subject)).toBe(
    "apply configmaps/hello-config, patch status (no change)",
  );
  expect(writesText([{ ...status, subresource: undefined as never }], subject)).toBe("patch itself");
});

test.each([
  ["success", { outcome: "success" }],
  ["skipped", { outcome: "skipped" }],
  ["again in 30 s", { outcome: "requeue_after", requeueAfterMs: 30_000 }],
  ["error: boom", { outcome: "error", error: "boom" }],
  ["error, no retry: bad spec", { outcome: "terminal_error", error: "bad spec" }],
] as const)("calls an outcome %j", (text, entry) => {
  expect(outcomeText(entry)).toBe(text);
});
