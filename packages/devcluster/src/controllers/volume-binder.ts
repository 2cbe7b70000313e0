import {
  compareQuantities,
  isAlreadyExists,
  type JsonObject,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  type Stored,
} from "@homeostat/api";
import {
  type Cache,
  type CachedObject,
  type Client,
  type ControllerDefinition,
  index,
  type ObjectRecorder,
  type Request,
} from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";
import { claimNames, claimsOfPod } from "./pvc-protection.ts";
import { defaultStorageClass, findVolume, isReservedFor, provisionedVolume } from "./volume-match.ts";

/** What volumes of the standard class are made by. */
export const provisioner = "homeostat.dev/hostpath";
const bindCompleted = "pv.kubernetes.io/bind-completed";
const boundByController = "pv.kubernetes.io/bound-by-controller";
const selectedNode = "volume.kubernetes.io/selected-node";
const storageProvisioner = "volume.kubernetes.io/storage-provisioner";
const noProvisioner = "kubernetes.io/no-provisioner";

/** The class claims get that name none. */
export const standardStorageClass: StorageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner,
  reclaimPolicy: "Delete",
  volumeBindingMode: "Immediate",
  allowVolumeExpansion: true,
};

type ClaimReference = NonNullable<NonNullable<PersistentVolume["spec"]>["claimRef"]>;

/** Volumes by the claim they are reserved for, `""` for those that are free. */
const byClaim = index<PersistentVolume>("claim", (volume) => {
  const reference = claimRefOf(volume);
  return [reference?.name ? `${reference.namespace}/${reference.name}` : ""];
});

/**
 * Binds claims to volumes: to one made beforehand where one suits, else to a new one of the claim's class. Volumes are
 * made for every class, as there are no other provisioners here. Source: persistentvolume-binder controller.
 */
export function claimBinder(): ControllerDefinition<PersistentVolumeClaim> {
  return clusterController(PersistentVolumeClaim, "persistentvolume-binder")
    .withPredicates()
    .watches(PersistentVolume, claimsOfVolume, { indexes: [byClaim] })
    .watches(StorageClass, pendingClaims)
    .watches(Pod, claimsOfPod)
    .reconcile(async ({ object: claim, client, cache, events }) => {
      if (claim.metadata.deletionTimestamp !== undefined) return;
      if (claim.metadata.annotations?.[bindCompleted]) return followVolume(client, claim, cache, events);
      const classed = await withClass(client, claim, cache);
      const volume =
        findVolume(classed, possibleVolumes(classed, cache)) ?? (await makeVolume(client, classed, cache, events));
      if (volume) await bind(client, classed, volume);
    });
}

/** The volume a claim names; else those reserved for it, and those that are free. */
function possibleVolumes(claim: Stored<PersistentVolumeClaim>, cache: Cache): Stored<PersistentVolume>[] {
  const store = cache.store(PersistentVolume);
  if (!store) return [];
  const name = claim.spec?.volumeName;
  if (name) return [store.get({ name }) ?? []].flat();
  const { metadata } = claim;
  return [
    ...store.list({ index: byClaim.is(`${metadata.namespace}/${metadata.name}`) }),
    ...store.list({ index: byClaim.is("") }),
  ];
}

/** Gives the default class to a claim that names none: admission does so where there is a class at that time. */
async function withClass(
  client: Client,
  claim: Stored<PersistentVolumeClaim>,
  cache: Cache,
): Promise<Stored<PersistentVolumeClaim>> {
  if (claim.spec?.storageClassName !== undefined) return claim;
  const storageClass = defaultStorageClass(cache.store(StorageClass)?.list() ?? []);
  if (!storageClass) return claim;
  const spec: JsonObject = { storageClassName: storageClass.metadata.name };
  return client.patchMerge(PersistentVolumeClaim, keyOf(claim), { spec });
}

async function makeVolume(
  client: Client,
  claim: Stored<PersistentVolumeClaim>,
  cache: Cache,
  events: ObjectRecorder,
): Promise<Stored<PersistentVolume> | undefined> {
  const name = claim.spec?.storageClassName;
  if (claim.spec?.volumeName) return undefined;
  if (!name) {
    events.normal("FailedBinding", "no persistent volumes available for this claim and no storage class is set");
    return undefined;
  }
  const storageClass = cache.store(StorageClass)?.get({ name });
  if (!storageClass) {
    events.warning("ProvisioningFailed", `storageclass.storage.k8s.io "${name}" not found`);
    return undefined;
  }
  if (storageClass.volumeBindingMode === "WaitForFirstConsumer" && !hasConsumer(claim, cache)) {
    events.normal("WaitForFirstConsumer", "waiting for first consumer to be created before binding");
    return undefined;
  }
  if (storageClass.provisioner === noProvisioner) {
    events.warning("ProvisioningFailed", `no volume plugin matched name: ${noProvisioner}`);
    return undefined;
  }
  if (claim.metadata.annotations?.[storageProvisioner] !== storageClass.provisioner) {
    const annotations = { [storageProvisioner]: storageClass.provisioner };
    await client.patchMerge(PersistentVolumeClaim, keyOf(claim), { metadata: { annotations } });
    events.normal(
      "ExternalProvisioning",
      `Waiting for a volume to be created either by the external provisioner '${storageClass.provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
    );
  }
  const wanted = provisionedVolume(claim, storageClass);
  try {
    const volume = await client.create(PersistentVolume, wanted);
    events.normal("ProvisioningSucceeded", `Successfully provisioned volume ${volume.metadata.name}`);
    return volume;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return client.get(PersistentVolume, { name: wanted.metadata!.name! }, { from: "live" });
  }
}

/** A pod that a scheduler has given a node, or a node the scheduler has chosen beforehand. */
function hasConsumer(claim: Stored<PersistentVolumeClaim>, cache: Cache): boolean {
  if (claim.metadata.annotations?.[selectedNode]) return true;
  const pods = cache.store(Pod)?.list({ namespace: claim.metadata.namespace! }) ?? [];
  return pods.some((pod) => pod.spec?.nodeName && claimNames(pod).includes(claim.metadata.name));
}

/** Volume first, then claim: what fails between is found half done and finished. */
async function bind(
  client: Client,
  claim: Stored<PersistentVolumeClaim>,
  volume: Stored<PersistentVolume>,
): Promise<void> {
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  if (volume.spec?.claimRef && !isReservedFor(volume, claim)) return;
  if (volume.spec?.claimRef?.uid !== uid) {
    const claimRef = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      namespace: namespace!,
      name,
      uid,
      resourceVersion,
    };
    const metadata: JsonObject = {
      resourceVersion: volume.metadata.resourceVersion,
      annotations: { [boundByController]: "yes" },
    };
    await client.patchMerge(PersistentVolume, { name: volume.metadata.name }, { metadata, spec: { claimRef } });
  }
  const annotations: JsonObject = { [bindCompleted]: "yes" };
  if (!claim.spec?.volumeName) annotations[boundByController] = "yes";
  await client.patchMerge(PersistentVolumeClaim, keyOf(claim), {
    metadata: { annotations },
    spec: { volumeName: volume.metadata.name },
  });
  await client.status.patchMerge(PersistentVolumeClaim, keyOf(claim), { status: boundStatus(volume) });
}

/** A bound claim follows its volume, and grows it where it asks for more; without it, it is lost. */
async function followVolume(
  client: Client,
  claim: Stored<PersistentVolumeClaim>,
  cache: Cache,
  events: ObjectRecorder,
): Promise<void> {
  const volume = cache.store(PersistentVolume)?.get({ name: claim.spec?.volumeName ?? "" });
  if (!volume || !isReservedFor(volume, claim)) {
    // Reads of the cache may be behind the claim: only the server's word makes a claim lost.
    const live = await client.find(PersistentVolume, { name: claim.spec?.volumeName ?? "" }, { from: "live" });
    if (live && isReservedFor(live, claim)) return;
    if (claim.status?.phase !== "Lost") {
      events.warning("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
      await client.status.patchMerge(PersistentVolumeClaim, keyOf(claim), { status: { phase: "Lost" } });
    }
    return;
  }
  const wanted = claim.spec?.resources?.requests?.["storage"] ?? "0";
  if (compareQuantities(wanted, volume.spec?.capacity?.["storage"] ?? "0") > 0) {
    const spec: JsonObject = { capacity: { storage: wanted } };
    await client.patchMerge(PersistentVolume, { name: volume.metadata.name }, { spec });
    return;
  }
  const status = boundStatus(volume);
  const { phase, accessModes, capacity } = claim.status ?? {};
  if (JSON.stringify({ phase, accessModes, capacity }) === JSON.stringify(status)) return;
  await client.status.patchMerge(PersistentVolumeClaim, keyOf(claim), { status });
}

function boundStatus(volume: PersistentVolume): JsonObject {
  const { accessModes = [], capacity = {} } = volume.spec ?? {};
  return { phase: "Bound", accessModes: [...accessModes], capacity: { ...capacity } };
}

function claimsOfVolume(volume: CachedObject<PersistentVolume>, cache: Cache): Request[] {
  const { namespace, name } = claimRefOf(volume) ?? {};
  return namespace && name ? [{ namespace, name }] : pendingClaims(volume, cache);
}

const claimRefOf = (volume: CachedObject<PersistentVolume>): ClaimReference | undefined =>
  (volume.field ? volume.field(["spec", "claimRef"]) : volume.object().spec?.claimRef) as ClaimReference | undefined;

function pendingClaims(_object: unknown, cache: Cache): Request[] {
  return [...(cache.store(PersistentVolumeClaim)?.entries() ?? [])]
    .filter(({ metadata }) => metadata.annotations[bindCompleted] === undefined)
    .map(({ metadata }) => ({ namespace: metadata.namespace!, name: metadata.name }));
}

function keyOf({ metadata }: Stored<PersistentVolumeClaim>): { namespace: string; name: string } {
  return { namespace: metadata.namespace!, name: metadata.name };
}
