import type { CronJob, Job, JsonObject, Resource, Stored } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import { type WorkloadObject, workloadKinds } from "../kinds.ts";
import type { ResolvedOptions } from "../options.ts";
import { formatRecord, type ReloadRecord } from "../reload/record.ts";
import { reloadState } from "../rules/annotation-keys.ts";
import { fieldManager } from "./field-manager.ts";
import type { Reload } from "./plan.ts";
import { beginJobAgain, runCronJob } from "./run-jobs.ts";
import type { WorkloadRef } from "./world.ts";

/** Does what was planned, for just the state it was planned for. @throws ApiError Conflict where that has passed */
export async function performReload(
  client: Client,
  workload: WorkloadRef,
  object: Stored<WorkloadObject>,
  reload: Reload,
  options: ResolvedOptions,
): Promise<void> {
  const { how, record } = reload;
  switch (how.type) {
    case "template": {
      const paused = how.pause && { [options.keys.pausedAt]: how.pause.pausedAt };
      const spec = { template: how.template as unknown as JsonObject, ...(paused ? { paused: true } : {}) };
      return patch(client, workload, object, { annotations: { ...paused, ...remembering(record) }, spec });
    }
    case "restartAt":
      return patch(client, workload, object, { annotations: remembering(record), spec: { restartAt: how.time } });
    case "evict":
      return rememberOnly(client, workload, object, record);
    case "run":
      await runCronJob(client, object as Stored<CronJob>, reload, how.template);
      return rememberOnly(client, workload, object, record);
    case "again":
      return beginJobAgain(client, object as Stored<Job>, reload, how.template);
  }
}

export function rememberOnly(
  client: Client,
  workload: WorkloadRef,
  object: Stored<WorkloadObject>,
  record: ReloadRecord,
): Promise<void> {
  return patch(client, workload, object, { annotations: remembering(record) });
}

/** Ends a pause: the Deployment rolls once with all that was patched meanwhile. */
export function endPause(
  client: Client,
  workload: WorkloadRef,
  object: Stored<WorkloadObject>,
  pausedAt: string,
  resume: boolean,
): Promise<void> {
  return patch(client, workload, object, {
    annotations: { [pausedAt]: null },
    ...(resume ? { spec: { paused: false } } : {}),
  });
}

const remembering = (record: ReloadRecord): Record<string, string> => ({ [reloadState]: formatRecord(record) });

interface Patch {
  readonly annotations: Readonly<Record<string, string | null>>;
  readonly spec?: JsonObject;
}

/** A merge patch that holds only for the version that was looked at: lists are replaced whole. */
async function patch(
  client: Client,
  { kind, namespace, name }: WorkloadRef,
  { metadata }: Stored<WorkloadObject>,
  { annotations, spec }: Patch,
): Promise<void> {
  const { resourceVersion, uid } = metadata;
  await client.patchMerge(
    workloadKinds[kind].resource as Resource<WorkloadObject>,
    { namespace, name },
    { metadata: { resourceVersion, uid, annotations: { ...annotations } }, ...(spec ? { spec } : {}) },
    { fieldManager },
  );
}
