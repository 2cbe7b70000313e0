// A Shop is several objects that depend on each other: a migration has to be through before the web servers start, and a
// cache is there only if wanted. `desired` declares that; order, waiting and pruning follow from it, and
// `operator.ts plan` tells what an edit would do before it is made.
import { ConfigMap, conditionColumn, conditions, Deployment, defineResource, Job } from "@homeostat/api";
import { child, controllerFor, runOperator } from "@homeostat/runtime";
import { z } from "zod";

export const Shop = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Shop",
  spec: z.object({ version: z.string(), cache: z.boolean().default(false) }),
  status: z.object({ phase: z.string().optional(), conditions: conditions().optional() }),
  printerColumns: [{ name: "Phase", type: "string", jsonPath: ".status.phase" }, conditionColumn("Ready")],
});

const pods = (app: string, image: string, restartPolicy: "Always" | "Never" = "Always") => ({
  metadata: { labels: { app } },
  spec: { restartPolicy, containers: [{ name: "main", image }] },
});

const server = (name: string, image: string): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: pods(name, image) },
});

export const shops = controllerFor(Shop).desired({
  children: [ConfigMap, Job, Deployment],
  desired: ({ metadata: { name }, spec }) => {
    const config = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { version: spec.version } };
    const migration = child<Job>(
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: `${name}-migration` },
        spec: { template: pods(`${name}-migration`, `migrate:${spec.version}`, "Never") },
      },
      { immutable: "recreate" }, // a Job cannot change: another version is another Job
    );
    const cache = child(server(`${name}-cache`, "valkey:9"), { when: spec.cache });
    const web = child<Deployment>(server(`${name}-web`, `shop:${spec.version}`), {
      dependsOn: [migration],
      readyWhen: ({ status }) => (status?.availableReplicas ?? 0) > 0 || "no replica is available yet",
    });
    return [config, migration, cache, web];
  },
  status: (_, { ready }) => ({ phase: ready ? "Open" : "Opening" }),
});

export const operator = { name: "shops", resources: [Shop], controllers: [shops] };
if (import.meta.main) await runOperator(operator);
