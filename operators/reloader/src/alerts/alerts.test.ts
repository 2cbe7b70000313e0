import { createVirtualClock } from "@homeostat/api";
import { type Logger, silentLogger } from "@homeostat/runtime";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ReloadReport } from "../engine/observer.ts";
import { Alerter, type AlerterOptions } from "./alerter.ts";
import { checkAlertUrl } from "./check-url.ts";
import { alertMessage } from "./message.ts";

const report: ReloadReport = {
  workload: { kind: "Deployment", namespace: "shop", name: "web" },
  sources: [{ kind: "Secret", namespace: "shop", name: "db", container: "main", hash: "0123" }],
  strategy: "env-vars",
  configs: [],
  durationMs: 5,
  atMs: Date.UTC(2026, 0, 1),
};
const text =
  "Reloaded *web* of type *Deployment* in namespace *shop* because of changes in *db* of type *SECRET* in namespace *shop*";

describe("alert message", () => {
  test.each([
    ["slack", { attachments: [{ color: "good", author_name: "Reloader", text }] }],
    [
      "teams",
      {
        type: "message",
        text,
        attachments: [
          {
            contentType: "application/vnd.microsoft.card.adaptive",
            content: {
              $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
              type: "AdaptiveCard",
              version: "1.2",
              body: [{ type: "TextBlock", text: text.replaceAll("*", "**"), wrap: true }],
            },
          },
        ],
      },
    ],
    ["googleChat", { text }],
    [
      "customWebhook",
      {
        event: "reload",
        workloadKind: "Deployment",
        workloadName: "web",
        workloadNamespace: "shop",
        resources: [{ kind: "Secret", namespace: "shop", name: "db" }],
        strategy: "env-vars",
        timestamp: "2026-01-01T00:00:00Z",
      },
    ],
  ] as const)("for %s has its form", (sink, expected) => {
    expect(JSON.parse(alertMessage(sink, report).body)).toEqual(expected);
  });

  test("for a webhook that is not known is the sentence alone", () => {
    expect(alertMessage("text", report)).toEqual({
      contentType: "text/plain; charset=utf-8",
      body: "Reloaded web of type Deployment in namespace shop because of changes in db of type SECRET in namespace shop",
    });
  });

  test("begins with what the operator's owner wants to add, and says when a reload failed", () => {
    expect(JSON.parse(alertMessage("teams", report, "cluster 7").body).text).toBe(`cluster 7 : ${text}`);
    const failed = alertMessage("slack", { ...report, error: new Error("secret detail") }).body;
    expect(failed).toContain("Could not reload");
    expect(failed).not.toContain("secret detail");
  });
});

describe("address of an alert", () => {
  const lookup = async (host: string) => (host === "inside.example" ? ["10.0.0.7"] : ["203.0.113.9"]);
  const check = (url: string, allowPrivate = false) =>
    checkAlertUrl(url, lookup, allowPrivate).then(() => "fine", String);

  test.each([
    ["https://hooks.example/services/T0", "fine"],
    ["http://hooks.example/x", "must begin with https"],
    ["ftp://hooks.example/x", "must begin with https"],
    ["nonsense", "is no URL"],
    ["https://user:word@hooks.example/", "must not hold a user"],
    ["https://127.0.0.1/x", "may not go to"],
    ["https://[::1]/x", "may not go to"],
    ["https://[::ffff:127.0.0.1]/x", "may not go to"],
    ["https://2130706433/x", "may not go to"],
    ["https://169.254.169.254/latest", "may not go to"],
    ["https://inside.example/x", "may not go to"],
  ])("%s: %s", async (url, expected) => {
    expect(await check(url)).toContain(expected);
  });

  test("may be inside when that is allowed, but never where credentials are kept", async () => {
    expect(await check("http://inside.example/x", true)).toBe("fine");
    expect(await check("http://169.254.169.254/x", true)).toContain("may not go to");
  });

  test("is not told beyond its host", async () => {
    expect(await check("http://hooks.example/services/T0/secret")).not.toContain("secret");
  });
});

function alerter(options: Partial<AlerterOptions> = {}) {
  const clock = createVirtualClock();
  const posted: string[] = [];
  const lines: string[] = [];
  const log: Logger = { ...silentLogger, warn: (fields) => void lines.push(JSON.stringify(fields)) };
  const counts = { failed: 0 };
  const subject = new Alerter({
    clock,
    log,
    client: () => {
      throw new Error("no client here");
    },
    lookup: async () => ["203.0.113.9"],
    post: async ({ url }) => {
      posted.push(url.pathname);
      return 200;
    },
    global: { sink: "slack", url: "https://hooks.example/secret-path" },
    onFailed: () => counts.failed++,
    ...options,
  });
  const abort = new AbortController();
  void subject.run(abort.signal);
  onTestFinished(() => abort.abort());
  return { subject, clock, posted, lines, counts };
}

describe("alerter", () => {
  test("delivers a report without holding up who reports", async () => {
    const { subject, clock, posted } = alerter();
    subject.observer.reloaded!(report);
    expect(posted).toEqual([]);
    await clock.advance(0);
    expect(posted).toEqual(["/secret-path"]);
  });

  test("S9: tries again what fails, gives up after a while, counts it, and never logs the address", async () => {
    let calls = 0;
    const { subject, clock, counts, lines } = alerter({
      post: async () => {
        calls++;
        return 500;
      },
    });
    subject.observer.reloaded!(report);
    await clock.advance(60_000);
    expect(calls).toBe(4);
    expect(counts.failed).toBe(1);
    expect(lines.join()).toContain("hooks.example answered 500");
    expect(lines.join()).not.toContain("secret-path");
  });

  test("does not try again what is refused for good", async () => {
    const { subject, clock, counts } = alerter({ post: async () => 404 });
    subject.observer.reloaded!(report);
    await clock.advance(0);
    expect(counts.failed).toBe(1);
  });

  test("an address that hangs holds up neither other namespaces' alerts nor the operator's own", async () => {
    const posted: string[] = [];
    const { subject, clock } = alerter({
      post: async ({ url }, _, signal) => {
        posted.push(url.pathname);
        if (url.pathname !== "/hangs") return 200;
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
    const from = (namespace: string, path: string): ReloadReport => {
      const alerts = { slack: { url: `https://hooks.example/${path}` } };
      const spec = { autoReloadAll: true, alerts } as ReloadReport["configs"][number]["spec"];
      return { ...report, configs: [{ namespace, spec }] };
    };
    for (let index = 0; index < 20; index++)
      subject.observer.failed!({ ...from(`hostile-${index}`, "hangs"), error: 1 });
    subject.observer.reloaded!(report);
    await clock.advance(1_000);
    expect(posted).toContain("/secret-path");
    expect(posted).toHaveLength(9);
    subject.observer.failed!({ ...from("hostile-0", "fine"), error: 1 });
    subject.observer.failed!({ ...from("good", "fine"), error: 1 });
    await clock.advance(600_000);
    expect(posted.filter((path) => path === "/fine")).toHaveLength(2);
  });

  test("posts inside the cluster for who runs the operator, and not for configs", async () => {
    const lookup = async () => ["10.0.0.7"];
    const { subject, clock, posted, counts } = alerter({
      lookup,
      global: { sink: "text", url: "http://alerts.monitoring/hook" },
    });
    const spec = {
      alerts: { slack: { url: "http://alerts.monitoring/config" } },
    } as ReloadReport["configs"][number]["spec"];
    subject.observer.reloaded!({ ...report, configs: [{ namespace: "shop", spec }] });
    await clock.advance(60_000);
    expect(posted).toEqual(["/hook"]);
    expect(counts.failed).toBe(1);
  });

  test("gives up on an answer that does not come, and goes on", async () => {
    const posted: string[] = [];
    const { subject, clock } = alerter({
      post: ({ url }, _, signal) => {
        posted.push(url.pathname);
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
    subject.observer.reloaded!(report);
    subject.observer.reloaded!(report);
    await clock.advance(120_000);
    expect(posted).toHaveLength(8);
  });

  test("keeps no more than so many waiting", async () => {
    const { subject, counts } = alerter();
    for (let index = 0; index < 1_000; index++) subject.observer.reloaded!(report);
    expect(counts.failed).toBe(800);
  });
});
