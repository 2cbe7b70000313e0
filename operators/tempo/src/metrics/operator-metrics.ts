import type { KubeObject, Resource, Stored } from "@homeostat/api";
import type { Manager } from "@homeostat/runtime";
import { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { TempoStack } from "../api/tempo-stack.ts";
import type { Upgrades } from "../controller/upgrade-instance.ts";
import { operatorVersion, tempoVersion } from "../version.ts";
import { conditionSamples, countSamples, stackCounts } from "./instance-samples.ts";
import { registerAlias, registerPulled, type Sample } from "./pulled-metric.ts";

/** Counts upgrades, to be told by {@link registerOperatorMetrics}. */
export function upgradeCounter(): Upgrades & { samples(): readonly Sample[] } {
  const counts = new Map<string, { readonly labels: Sample["labels"]; value: number }>();
  const count = (kind: string, state: string): void => {
    const labels = { kind, state };
    const before = counts.get(`${kind}/${state}`) ?? { labels, value: 0 };
    counts.set(`${kind}/${state}`, { labels, value: before.value + 1 });
  };
  return {
    upgraded: (kind) => count(kind, "upgraded"),
    failed: (kind) => count(kind, "failed"),
    samples: () => [...counts.values()],
  };
}

/**
 * The Go operator's metrics, and the duration of reconciles by the name that user documents have. What is told of
 * instances is read from the cache by each scrape, on the replica that leads: one that is deleted leaves nothing behind,
 * and none is told twice.
 */
export function registerOperatorMetrics(manager: Manager, upgrades: { samples(): readonly Sample[] }): void {
  const { registry } = manager;
  const gauge = (name: string, help: string, samples: () => readonly Sample[]): void =>
    registerPulled(registry, { name, help, type: "gauge", samples });
  const stacks = () => instances(manager, TempoStack);
  gauge("tempostack_status_condition", "1 for each condition of a TempoStack that is True", () =>
    conditionSamples(stacks()),
  );
  gauge("tempomonolithic_status_condition", "1 for each condition of a TempoMonolithic that is True", () =>
    conditionSamples(instances(manager, TempoMonolithic)),
  );
  for (const [name, count] of Object.entries(stackCounts))
    gauge(name, count.help, () =>
      countSamples(
        count,
        stacks().map(({ spec }) => spec),
      ),
    );
  gauge("tempooperator_build_info", "1, with what runs", () => [
    { labels: { version: operatorVersion, tempo_version: tempoVersion }, value: 1 },
  ]);
  registerPulled(registry, {
    name: "tempooperator_upgrades_total",
    help: "Resources brought up to date for a newer operator, and those that could not be",
    type: "counter",
    samples: upgrades.samples,
  });
  const reconcile = "controller_runtime_reconcile";
  registerAlias(registry, `${reconcile}_time_seconds`, `${reconcile}_duration_seconds`);
}

function instances<T extends KubeObject>({ cache, isLeader }: Manager, resource: Resource<T>): readonly Stored<T>[] {
  return isLeader ? (cache.store(resource)?.list() ?? []) : [];
}
