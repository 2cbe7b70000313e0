import type { OwnerReference } from "@homeostat/api";
import { expect, test } from "vitest";
import { decideGarbage, type GarbageDecision, type JudgedOwner } from "./decide.ts";

const owner = (uid: string, state: JudgedOwner["state"]): JudgedOwner => ({
  reference: { apiVersion: "v1", kind: "ConfigMap", name: uid, uid } satisfies OwnerReference,
  state,
});
const lone = { finalizers: [], hasDependents: false, dependentIsWaiting: false };
const parent = { ...lone, hasDependents: true };

test.for<[string, Parameters<typeof decideGarbage>[0], GarbageDecision]>([
  ["keeps what has no owner", { ...lone, owners: [] }, { type: "keep" }],
  ["keeps what has its owner", { ...lone, owners: [owner("a", "solid")] }, { type: "keep" }],
  [
    "drops references to owners that are absent or waiting beside one that is there",
    { ...lone, owners: [owner("a", "solid"), owner("b", "dangling"), owner("c", "waiting")] },
    { type: "dropReferences", uids: ["b", "c"] },
  ],
  [
    "deletes in the background what has lost all owners",
    { ...lone, owners: [owner("a", "dangling"), owner("b", "dangling")] },
    { type: "delete", propagationPolicy: "Background", unblock: false },
  ],
  [
    "keeps the mark of an earlier deletion that orphans",
    { ...lone, finalizers: ["orphan"], owners: [owner("a", "dangling")] },
    { type: "delete", propagationPolicy: "Orphan", unblock: false },
  ],
  [
    "keeps the mark of an earlier deletion in the foreground",
    { ...lone, finalizers: ["foregroundDeletion"], owners: [owner("a", "dangling")] },
    { type: "delete", propagationPolicy: "Foreground", unblock: false },
  ],
  [
    "deletes a leaf of a waiting owner in the background",
    { ...lone, owners: [owner("a", "waiting")] },
    { type: "delete", propagationPolicy: "Background", unblock: false },
  ],
  [
    "hands the foreground down to what has dependents itself",
    { ...parent, owners: [owner("a", "waiting"), owner("b", "dangling")] },
    { type: "delete", propagationPolicy: "Foreground", unblock: false },
  ],
  [
    "unblocks where a dependent waits already, so that circles end",
    { ...parent, dependentIsWaiting: true, owners: [owner("a", "waiting")] },
    { type: "delete", propagationPolicy: "Foreground", unblock: true },
  ],
  [
    "deletes what has dependents in the background when no owner waits",
    { ...parent, owners: [owner("a", "dangling")] },
    { type: "delete", propagationPolicy: "Background", unblock: false },
  ],
])("%s", ([, candidate, decision]) => expect(decideGarbage(candidate)).toEqual(decision));
