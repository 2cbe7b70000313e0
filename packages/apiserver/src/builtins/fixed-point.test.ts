import { apiVersionOf, createVirtualClock, type JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { admin } from "../auth/user-info.ts";
import { decodeBuiltin, loadBuiltinResources } from "../schema/index-builtin.ts";
import { applyBuiltinDefaults } from "./defaults/defaults.ts";
import { builtinStrategy } from "./strategies/strategies.ts";

const template = {
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "web", image: "nginx", ports: [{ containerPort: 80 }] }] },
};
const selector = { matchLabels: { app: "web" } };

/** Specs that reach into defaults; kinds that are not here are tried with nothing but a name. */
const specs: Readonly<Record<string, JsonObject>> = {
  Pod: template.spec,
  Deployment: { selector, template },
  ReplicaSet: { selector, template },
  StatefulSet: {
    selector,
    template,
    volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { resources: { requests: { storage: "1024Mi" } } } }],
  },
  DaemonSet: { selector, template },
  ReplicationController: { template },
  Job: { template },
  CronJob: { jobTemplate: { spec: { template } } },
  Service: { type: "LoadBalancer", ports: [{ port: 80 }] },
  NetworkPolicy: { egress: [{ ports: [{ port: 53 }] }] },
  HorizontalPodAutoscaler: { behavior: {} },
};

describe("what a create stores", () => {
  const kinds = loadBuiltinResources().filter((facts) => facts.verbs.includes("update"));

  it.each(kinds.map((facts) => [`${apiVersionOf(facts)} ${facts.kind}`, facts] as const))(
    "B033 is what reading and writing it back stores: %s",
    (_title, facts) => {
      const strategy = builtinStrategy(facts.group, facts.kind);
      const context = { clock: createVirtualClock(), user: admin, dryRun: false, subresource: undefined };
      const spec = specs[facts.kind];
      const stored: JsonObject = {
        apiVersion: apiVersionOf(facts),
        kind: facts.kind,
        metadata: { name: "x", uid: "u" },
        ...(spec ? { spec: structuredClone(spec) } : {}),
      };
      decodeBuiltin(facts.definition, stored);
      applyBuiltinDefaults(facts, stored);
      strategy.prepareForCreate?.(stored, context);

      const writtenBack = structuredClone(stored);
      const { unknown, mismatch } = decodeBuiltin(facts.definition, writtenBack);
      expect({ unknown, mismatch }, "what defaults and strategy fill in is part of the kind").toEqual({
        unknown: [],
        mismatch: undefined,
      });
      applyBuiltinDefaults(facts, writtenBack);
      strategy.prepareForUpdate?.(writtenBack, structuredClone(stored), context);
      expect(writtenBack).toEqual(stored);
    },
  );
});
