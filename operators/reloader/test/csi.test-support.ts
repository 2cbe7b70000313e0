import { Deployment, type KubeObject } from "@homeostat/api";
import { expectApplied } from "@homeostat/devcluster";
import { SecretProviderClass, SecretProviderClassPodStatus } from "../src/engine/mount-book.ts";
import type { ReloaderOperatorOptions } from "../src/operator.ts";
import { serve } from "./custom-kinds.test-support.ts";
import { auto, key, type ReloaderWorld, startWorld, workload } from "./world.test-support.ts";

const driver = "secrets-store.csi.x-k8s.io/v1";

/** What the driver says of a pod that mounts the class `vault`. */
export async function mounted(
  { cluster }: ReloaderWorld,
  pod: string,
  version: string,
  labels: Record<string, string> = {},
) {
  const status = { podName: pod, secretProviderClassName: "vault", objects: [{ id: "db/password", version }] };
  const metadata = { ...key(`${pod}-default-vault`), labels };
  const report = { apiVersion: driver, kind: "SecretProviderClassPodStatus", metadata, status };
  await cluster.client.apply(SecretProviderClassPodStatus, report, { fieldManager: "driver", force: true });
}

export const provided = ({ cluster }: ReloaderWorld, annotations: Record<string, string> = {}) =>
  expectApplied(cluster, {
    apiVersion: driver,
    kind: "SecretProviderClass",
    metadata: { ...key("vault"), annotations },
    spec: { provider: "vault" },
  } as KubeObject);

/** A Deployment that mounts the class. */
export function mounting(name: string, annotations: Record<string, string>): Deployment {
  const plain = workload(name, { annotations });
  const attributes = { secretProviderClass: "vault" };
  const volume = { name: "v", csi: { driver: "secrets-store.csi.k8s.io", volumeAttributes: attributes } };
  const container = { name: "main", image: "web", volumeMounts: [{ name: "v", mountPath: "/v" }] };
  const template = { ...plain.spec!.template, spec: { containers: [container], volumes: [volume] } };
  return { ...plain, spec: { ...plain.spec!, template } };
}

export async function csiWorld(annotations: Record<string, string>, options: ReloaderOperatorOptions = {}) {
  const world = await startWorld();
  await world.manager.stop();
  // The operator looks for kinds that are missing every now and then, and runs meanwhile.
  const starting = world.start({ csi: true, ...options });
  await world.settle();
  await serve(world.cluster, SecretProviderClass, SecretProviderClassPodStatus);
  await provided(world);
  await expectApplied(world.cluster, mounting("web", annotations), workload("other", { annotations: auto }));
  await mounted(world, "web-1", "1");
  await mounted(world, "web-2", "1");
  await world.settle(300_000);
  world.manager = await starting;
  const web = () => world.cluster.client.get(Deployment, key("web"));
  return { world, web };
}
