import { createVirtualClock, type KubeObject } from "@homeostat/api";
import { createDevCluster, expectApplied } from "@homeostat/devcluster";
import { describe, expect, it, onTestFinished } from "vitest";
import { TempoMonolithic, TempoStack } from "../src/index.ts";
import { registerOperatorMetrics, upgradeCounter } from "../src/metrics/operator-metrics.ts";
import { tempoOperator } from "../src/operator.ts";

async function startOperator() {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, random: () => 0.5 });
  onTestFinished(() => cluster.stop());
  const upgrades = upgradeCounter();
  const setup = (manager: Parameters<typeof registerOperatorMetrics>[0]) => registerOperatorMetrics(manager, upgrades);
  const manager = await cluster.run(tempoOperator({ upgrades, setup }));
  const lines = async (name: string): Promise<string[]> =>
    (await manager.metrics.text())
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return { clock, cluster, lines };
}

const samples = tempoOperator().samples.map(({ object }) => object as KubeObject);
const stack = (name: string, spec: object = {}) =>
  TempoStack.object({
    metadata: { namespace: "default", name },
    spec: { storage: { secret: { name: "minio-test", type: "s3" } }, ...spec } as TempoStack["spec"],
  });
const isReady = (kind: "tempostack" | "tempomonolithic", name: string) =>
  `${kind}_status_condition{stack_namespace="default",stack_name="${name}",condition="Ready"} 1`;

describe("6.11 metrics", () => {
  it("tell each condition of each instance, and nothing of one that is gone", async () => {
    const { clock, cluster, lines } = await startOperator();
    const broken = stack("broken", { storage: { secret: { name: "missing", type: "s3" } } });
    await expectApplied(
      cluster,
      ...samples,
      broken,
      TempoMonolithic.object({ metadata: { namespace: "default", name: "mono" } }),
    );
    await clock.until(
      async () => (await lines("tempostack_status_condition")).includes(isReady("tempostack", "simplest")),
      "the stack to be told ready",
    );
    await clock.until(
      async () => (await lines("tempomonolithic_status_condition")).includes(isReady("tempomonolithic", "mono")),
      "the monolithic to be told ready",
    );
    const told = await lines("tempostack_status_condition");
    expect(told).toHaveLength(8);
    expect(told.filter((line) => line.endsWith(" 1"))).toEqual([
      'tempostack_status_condition{stack_namespace="default",stack_name="broken",condition="ConfigurationError"} 1',
      isReady("tempostack", "simplest"),
    ]);
    await cluster.client.delete(TempoStack, { namespace: "default", name: "broken" });
    await clock.until(
      async () => (await lines("tempostack_status_condition")).length === 4,
      "the other one to be gone",
    );
  });

  it("count stacks by what they are like", async () => {
    const { clock, cluster, lines } = await startOperator();
    await expectApplied(
      cluster,
      ...samples,
      stack("ui", { template: { queryFrontend: { jaegerQuery: { enabled: true } } }, tenants: { mode: "static" } }),
      stack("asleep", { managementState: "Unmanaged" }),
    );
    await clock.until(
      async () =>
        (await lines("tempo_operator_tempostack_storage_backend")).includes(
          'tempo_operator_tempostack_storage_backend{type="s3"} 3',
        ),
      "all three to be counted",
    );
    expect(await lines("tempo_operator_tempostack_managed")).toEqual([
      'tempo_operator_tempostack_managed{state="Managed"} 2',
      'tempo_operator_tempostack_managed{state="Unmanaged"} 1',
    ]);
    expect(await lines("tempo_operator_tempostack_jaeger_ui")).toContain(
      'tempo_operator_tempostack_jaeger_ui{enabled="true"} 1',
    );
    expect(await lines("tempo_operator_tempostack_multi_tenancy")).toEqual([
      'tempo_operator_tempostack_multi_tenancy{type="disabled"} 2',
      'tempo_operator_tempostack_multi_tenancy{type="openshift"} 0',
      'tempo_operator_tempostack_multi_tenancy{type="static"} 1',
    ]);
    expect(await lines("tempooperator_build_info")).toEqual([expect.stringContaining('version="0.22.0+homeostat.')]);
  });

  it("count upgrades, and tell the duration of reconciles by both names", async () => {
    const { clock, cluster, lines } = await startOperator();
    const paused = {
      ...stack("old"),
      metadata: { namespace: "default", name: "old", annotations: { "tempo.grafana.com/reconcile": "false" } },
    };
    await expectApplied(cluster, ...samples, paused);
    const key = { namespace: "default", name: "old" };
    await cluster.client.status.patchMerge(TempoStack, key, { status: { operatorVersion: "0.19.0" } });
    await cluster.client.patchMerge(TempoStack, key, {
      metadata: { annotations: { "tempo.grafana.com/reconcile": null } },
    });
    await clock.until(
      async () =>
        (await lines("tempooperator_upgrades_total")).includes(
          'tempooperator_upgrades_total{kind="TempoStack",state="upgraded"} 1',
        ),
      "the upgrade to be counted",
    );
    await clock.advance(10_000);
    for (const part of ["count", "sum", "bucket"]) {
      const [time, duration] = await Promise.all(
        ["time", "duration"].map((word) => lines(`controller_runtime_reconcile_${word}_seconds_${part}`)),
      );
      expect(time!.length).toBeGreaterThan(0);
      expect(duration).toEqual(time!.map((line) => line.replace("_time_", "_duration_")));
    }
  });
});
