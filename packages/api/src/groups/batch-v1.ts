// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./batch-v1.types.ts";

export type * from "./batch-v1.types.ts";

export type CronJob = types.CronJob;
export const CronJob: Resource<CronJob> = {
  group: "batch",
  version: "v1",
  kind: "CronJob",
  plural: "cronjobs",
  singular: "cronjob",
  listKind: "CronJobList",
  scope: "Namespaced",
  shortNames: ["cj"],
  categories: ["all"],
  subresources: ["status"],
};

export type Job = types.Job;
export const Job: Resource<Job> = {
  group: "batch",
  version: "v1",
  kind: "Job",
  plural: "jobs",
  singular: "job",
  listKind: "JobList",
  scope: "Namespaced",
  categories: ["all"],
  subresources: ["status"],
};
