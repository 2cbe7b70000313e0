import type { Registry } from "prom-client";
import { promClient } from "../on-demand.ts";

/** Source: client-go `tools/leaderelection/metrics.go`, as controller-runtime registers them. */
export interface ElectionMetrics {
  leading(leads: boolean): void;
  /** A renewal whose single PUT did not do. */
  slowPath(): void;
}

export function electionMetrics(registry: Registry | undefined, name: string): ElectionMetrics {
  const registers = registry ? [registry] : [];
  const status = new (promClient().Gauge)({
    name: "leader_election_master_status",
    help: "Whether this process leads: 1, or 0; by name of the lease",
    labelNames: ["name"],
    registers,
  });
  const slow = new (promClient().Counter)({
    name: "leader_election_slowpath_total",
    help: "Renewals that had to read the lease again; by name of the lease",
    labelNames: ["name"],
    registers,
  });
  status.set({ name }, 0);
  slow.inc({ name }, 0);
  return {
    leading: (leads) => status.set({ name }, leads ? 1 : 0),
    slowPath: () => slow.inc({ name }),
  };
}
