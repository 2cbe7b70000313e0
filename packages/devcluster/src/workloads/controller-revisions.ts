import {
  ControllerRevision,
  isAlreadyExists,
  isControlledBy,
  isNotFound,
  type JsonObject,
  type KubeObject,
  type LabelSelector,
  ownerReference,
  type PodTemplateSpec,
  type Resource,
  type Stored,
} from "@homeostat/api";
import type { ReconcileContext } from "@homeostat/runtime";
import { claim } from "./claim.ts";
import { semanticallyEqual } from "./equality.ts";
import { templateHash } from "./template-hash.ts";
import { asControllerManager } from "./workload-controller.ts";

export interface RevisionOwner<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly collisionCount: number;
  /** Name of the label that carries the hash on the revision. */
  readonly hashLabel: string;
}

export interface Revisions {
  /** Of the present template. */
  readonly update: Stored<ControllerRevision>;
  /** All, oldest first. */
  readonly all: readonly Stored<ControllerRevision>[];
  /** Differs from the owner's where names had to be avoided. */
  readonly collisionCount: number;
}

/**
 * Finds or makes the ControllerRevision of the present template. An earlier one with the same template is used again
 * under the highest number: that is what undoing a rollout looks like. Source: kube-controller-manager,
 * `pkg/controller/history`.
 */
export async function syncRevisions<T extends KubeObject>(
  context: ReconcileContext<T>,
  owner: RevisionOwner<T>,
): Promise<Revisions> {
  const found = await claim(context, owner.resource, ControllerRevision, owner.selector);
  const all = found.sort(byRevision);
  const data = revisionData(owner.template);
  const highest = all.at(-1)?.revision ?? 0;
  const equal = all.findLast((revision) => semanticallyEqual(revision.data, data));
  const { collisionCount } = owner;
  if (!equal) {
    const created = await create(context, owner, data, highest + 1);
    return { ...created, all: [...all, created.update] };
  }
  if (equal.revision === highest) return { update: equal, all, collisionCount };
  const next = { ...equal, revision: highest + 1 };
  const update = await context.client.update(ControllerRevision, next, asControllerManager);
  return { update, all: [...all.filter((each) => each !== equal), update], collisionCount };
}

/** The template a revision stands for. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const spec = revision.data?.["spec"] as unknown as { template: PodTemplateSpec & { $patch?: string } };
  const { $patch: _, ...template } = spec.template;
  return template;
}

/** Deletes the oldest revisions beyond the limit; those in use stay and do not count. */
export async function deleteOldRevisions<T extends KubeObject>(
  { client }: ReconcileContext<T>,
  all: readonly Stored<ControllerRevision>[],
  inUse: ReadonlySet<string>,
  limit: number,
): Promise<void> {
  const spare = all.filter(({ metadata }) => !inUse.has(metadata.name));
  for (const { metadata } of spare.slice(0, Math.max(0, spare.length - limit))) {
    try {
      await client.delete(ControllerRevision, metadata, { preconditions: { uid: metadata.uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** A strategic merge patch that puts the template back: what undoing applies. */
const revisionData = (template: PodTemplateSpec): JsonObject =>
  ({ spec: { template: { ...template, $patch: "replace" } } }) as unknown as JsonObject;

function byRevision(a: Stored<ControllerRevision>, b: Stored<ControllerRevision>): number {
  return a.revision - b.revision || (a.metadata.name < b.metadata.name ? -1 : 1);
}

async function create<T extends KubeObject>(
  { client, object }: ReconcileContext<T>,
  owner: RevisionOwner<T>,
  data: JsonObject,
  revision: number,
): Promise<Omit<Revisions, "all">> {
  const { namespace, name } = object.metadata;
  for (let { collisionCount } = owner; ; collisionCount++) {
    const hash = templateHash(owner.template, collisionCount);
    const wanted: ControllerRevision = {
      metadata: {
        name: `${name}-${hash}`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { ...owner.template.metadata?.labels, [owner.hashLabel]: hash },
        annotations: { ...object.metadata.annotations },
        ownerReferences: [ownerReference(object, { controller: true, resource: owner.resource })],
      },
      data,
      revision,
    };
    try {
      return { update: await client.create(ControllerRevision, wanted, asControllerManager), collisionCount };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const existing = await client.get(
      ControllerRevision,
      { namespace: namespace!, name: wanted.metadata!.name! },
      { from: "live" },
    );
    if (isControlledBy(existing, object) && semanticallyEqual(existing.data, data)) {
      return { update: existing, collisionCount };
    }
  }
}
