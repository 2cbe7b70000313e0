import { describe, expect, it } from "vitest";
import { type ChangeCase, changes } from "./changes.test-support.ts";
import { stackOf } from "./rendered.test-support.ts";

const before = stackOf();

/** What each adds to, and takes from, the simplest stack: this and nothing else. */
const cases: readonly ChangeCase[] = [
  { title: "2.1.12 size 1x.demo: asks for nothing", spec: { size: "1x.demo" }, changes: [] },
  {
    title: "2.1.12 size 1x.pico: sets replicas, requests and limits of ingestion",
    spec: { size: "1x.pico" },
    changes: [
      "ConfigMap: - data.tempo.yaml.replication_factor: 1",
      "ConfigMap: + data.tempo.yaml.replication_factor: 2",
      "ConfigMap: + data.tempo.yaml.overrides:",
      "ConfigMap: + data.tempo.yaml.ingestion_burst_size_bytes: 1200000",
      "ConfigMap: + data.tempo.yaml.ingestion_rate_limit_bytes: 600000",
      "distributor ingester query-frontend querier compactor: ~ spec.replicas 2",
      'distributor query-frontend compactor: + containers.tempo.resources.requests {"cpu":"500m","memory":"500Mi"}',
      'ingester: + containers.tempo.resources.requests {"cpu":"500m","memory":"3Gi"}',
      'querier: + containers.tempo.resources.requests {"cpu":"750m","memory":"1536Mi"}',
    ],
  },
  {
    title: "2.1.12 size 1x.medium: likewise",
    spec: { size: "1x.medium" },
    changes: [
      "ConfigMap: - data.tempo.yaml.replication_factor: 1",
      "ConfigMap: + data.tempo.yaml.replication_factor: 2",
      "ConfigMap: + data.tempo.yaml.overrides:",
      "ConfigMap: + data.tempo.yaml.ingestion_burst_size_bytes: 46000000",
      "ConfigMap: + data.tempo.yaml.ingestion_rate_limit_bytes: 23000000",
      "ConfigMap: + data.tempo.yaml.max_traces_per_user: 54000",
      "distributor: ~ spec.replicas 4",
      'distributor: + containers.tempo.resources.requests {"cpu":"1500m","memory":"128Mi"}',
      "ingester query-frontend: ~ spec.replicas 2",
      'ingester: + containers.tempo.resources.requests {"cpu":"8","memory":"16Gi"}',
      'query-frontend: + containers.tempo.resources.requests {"cpu":"800m","memory":"1Gi"}',
      "querier: ~ spec.replicas 5",
      'querier: + containers.tempo.resources.requests {"cpu":"5","memory":"4Gi"}',
      "compactor: ~ spec.replicas 3",
      'compactor: + containers.tempo.resources.requests {"cpu":"600m","memory":"10Gi"}',
    ],
  },
  {
    title: "2.1.12 size: wins over resources.total, and a component's own over both",
    spec: {
      size: "1x.small",
      resources: { total: { limits: { cpu: "2" } } },
      template: { querier: { replicas: 1, resources: {} } },
    },
    changes: [
      "ConfigMap: - data.tempo.yaml.replication_factor: 1",
      "ConfigMap: + data.tempo.yaml.replication_factor: 2",
      "ConfigMap: + data.tempo.yaml.overrides:",
      "ConfigMap: + data.tempo.yaml.ingestion_burst_size_bytes: 11600000",
      "ConfigMap: + data.tempo.yaml.ingestion_rate_limit_bytes: 5800000",
      "ConfigMap: + data.tempo.yaml.max_traces_per_user: 17000",
      "distributor: ~ spec.replicas 3",
      'distributor: + containers.tempo.resources.requests {"cpu":"600m","memory":"128Mi"}',
      "ingester query-frontend compactor: ~ spec.replicas 2",
      'ingester: + containers.tempo.resources.requests {"cpu":"2","memory":"10Gi"}',
      'query-frontend: + containers.tempo.resources.requests {"cpu":"400m","memory":"1Gi"}',
      'compactor: + containers.tempo.resources.requests {"cpu":"400m","memory":"6Gi"}',
    ],
  },
  {
    title: "2.1.13 resources.total: is shared by the components",
    spec: { resources: { total: { limits: { cpu: "2", memory: "2Gi" } } } },
    changes: [
      'distributor: + containers.tempo.resources.limits {"cpu":"540m","memory":"257698032"}',
      'distributor: + containers.tempo.resources.requests {"cpu":"162m","memory":"77309416"}',
      'distributor: + containers.tempo.env.GOMEMLIMIT {"value":"206158425"}',
      'ingester: + containers.tempo.env.GOMEMLIMIT {"value":"858993459"}',
      'ingester: + containers.tempo.resources.limits {"cpu":"760m","memory":"1Gi"}',
      'ingester: + containers.tempo.resources.requests {"cpu":"228m","memory":"322122560"}',
      'query-frontend: + containers.tempo.env.GOMEMLIMIT {"value":"42949673"}',
      'query-frontend: + containers.tempo.resources.limits {"cpu":"90m","memory":"53687092"}',
      'query-frontend: + containers.tempo.resources.requests {"cpu":"27m","memory":"16106128"}',
      'querier: + containers.tempo.env.GOMEMLIMIT {"value":"257698048"}',
      'querier: + containers.tempo.resources.limits {"cpu":"200m","memory":"322122560"}',
      'querier: + containers.tempo.resources.requests {"cpu":"60m","memory":"96636768"}',
      'compactor: + containers.tempo.env.GOMEMLIMIT {"value":"309237657"}',
      'compactor: + containers.tempo.resources.limits {"cpu":"320m","memory":"386547072"}',
      'compactor: + containers.tempo.resources.requests {"cpu":"96m","memory":"115964128"}',
    ],
  },
  {
    title: "2.1.13 resources.total: is divided by replicas, and counts only what it limits",
    spec: { resources: { total: { limits: { cpu: "2" } } }, template: { distributor: { component: { replicas: 2 } } } },
    changes: [
      "distributor: ~ spec.replicas 2",
      'distributor: + containers.tempo.resources.limits {"cpu":"270m"}',
      'distributor: + containers.tempo.resources.requests {"cpu":"81m"}',
      'ingester: + containers.tempo.resources.limits {"cpu":"760m"}',
      'ingester: + containers.tempo.resources.requests {"cpu":"228m"}',
      'query-frontend: + containers.tempo.resources.limits {"cpu":"90m"}',
      'query-frontend: + containers.tempo.resources.requests {"cpu":"27m"}',
      'querier: + containers.tempo.resources.limits {"cpu":"200m"}',
      'querier: + containers.tempo.resources.requests {"cpu":"60m"}',
      'compactor: + containers.tempo.resources.limits {"cpu":"320m"}',
      'compactor: + containers.tempo.resources.requests {"cpu":"96m"}',
    ],
  },
];

describe("sizes and shares", () => {
  it.each(cases)("$title", ({ spec, circumstances, changes: expected }) => {
    expect(changes(before, stackOf(spec, circumstances))).toEqual(expected);
  });
});
