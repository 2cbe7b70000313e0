import {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  createVirtualClock,
  Deployment,
  Ingress,
  type Interceptor,
  type KubeObject,
  NetworkPolicy,
  PodDisruptionBudget,
  type Resource,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  type Stored,
} from "@homeostat/api";
import { ConnectionLost, expectApplied } from "@homeostat/devcluster";
import { deriveRules } from "@homeostat/runtime";
import { describe, expect, test } from "vitest";
import { TempoMonolithic } from "../src/api/tempo-monolithic.ts";
import { TempoStack } from "../src/api/tempo-stack.ts";
import { readBundle } from "../src/certificates/authority-bundle.ts";
import { type TempoControllersOptions, tempoControllers } from "../src/controller/controllers.ts";
import { permissions } from "../src/permissions.ts";
import { communitySettings } from "../src/settings/operator-settings.ts";
import { key, minio, startWorld, storage, type TempoWorld } from "./world.test-support.ts";

const minute = 60_000;
/** Gateway in mode openshift: objects outside of namespaces, which only a finalizer cleans up. */
const options: TempoControllersOptions = {
  settings: {
    ...communitySettings,
    baseDomain: "apps.example.com",
    certificates: {
      caValidity: 1_000 * minute,
      caRefresh: 200 * minute,
      certValidity: 240 * minute,
      certRefresh: 120 * minute,
    },
  },
};
/** Who grants the gateway to review tokens must be allowed to do so as well. */
const identity = {
  rules: [...deriveRules(tempoControllers(options)).rules, ...permissions.metricsAuth],
};
const tenants = { mode: "openshift", authentication: [{ tenantName: "dev", tenantId: "1" }] } as const;

interface Life {
  readonly name: string;
  readonly resource: Resource;
  readonly object: KubeObject;
}

const lives: readonly Life[] = [
  {
    name: "a TempoStack",
    resource: TempoStack,
    object: TempoStack.object({
      metadata: key("simplest"),
      spec: {
        storage,
        tenants,
        template: { gateway: { enabled: true, ingress: { type: "none" } } },
      } as unknown as TempoStack["spec"],
    }),
  },
  {
    name: "a TempoMonolithic",
    resource: TempoMonolithic,
    object: TempoMonolithic.object({
      metadata: key("simplest"),
      spec: {
        storage: { traces: { backend: "s3", s3: { secret: "minio" } } },
        multitenancy: { enabled: true, ...tenants },
      } as unknown as NonNullable<TempoMonolithic["spec"]>,
    }),
  },
];

interface Step {
  readonly name: string;
  readonly act: (world: TempoWorld, life: Life) => Promise<unknown>;
}

/** Lets time pass until so many minutes after the beginning: deaths take time as well. */
const reach = async ({ clock }: TempoWorld, minutes: number): Promise<void> => {
  const left = beginning + minutes * minute - clock.now();
  expect(left).toBeGreaterThan(0);
  await clock.advance(left);
};
const beginning = createVirtualClock().now();

const steps: readonly Step[] = [
  {
    name: "creation",
    act: async (world, { object }) => {
      await world.secret("minio", minio);
      await expectApplied(world.cluster, object);
    },
  },
  { name: "another bucket", act: (world) => world.secret("minio", { ...minio, bucket: "tempo2" }) },
  { name: "rotation of certificates", act: (world) => reach(world, 150) },
  { name: "rotation of the authority", act: (world) => reach(world, 235) },
  {
    name: "deletion",
    act: ({ cluster }, { resource, object }) => cluster.client.delete(resource, object.metadata as never),
  },
];

const kinds: readonly Resource[] = [
  ConfigMap,
  Secret,
  ServiceAccount,
  Service,
  Deployment,
  StatefulSet,
  PodDisruptionBudget,
  NetworkPolicy,
  Ingress,
  ClusterRole,
  ClusterRoleBinding,
];
const labelSelector = "app.kubernetes.io/managed-by=tempo-operator";

interface Picture {
  readonly names: readonly string[];
  readonly configuration: unknown;
  readonly authorities: number;
  readonly conditions: unknown;
  readonly finalizers: unknown;
}

/** What is there, without what is drawn by lot. */
async function picture({ cluster }: TempoWorld, { resource }: Life): Promise<Picture> {
  const found = await cluster.client.find(resource, key("simplest"));
  const lists = await Promise.all(
    kinds.map(async (kind) => (await cluster.client.list(kind, { labelSelector })).items),
  );
  const maps = lists[0] as readonly Stored<ConfigMap>[];
  const bundle = maps.find(({ metadata }) => metadata.name.endsWith("-ca-bundle"));
  const { status } = (found ?? {}) as { status?: { conditions?: readonly { type: string; status: string }[] } };
  return {
    names: lists.flatMap((items, at) => items.map(({ metadata }) => `${kinds[at]!.kind} ${metadata.name}`)),
    configuration: maps.filter((each) => each !== bundle).map(({ data }) => data),
    authorities: readBundle(bundle?.data?.["service-ca.crt"] ?? "").certificates.length,
    conditions: status?.conditions?.map(({ type, status: is }) => `${type} ${is}`).toSorted(),
    finalizers: found?.metadata.finalizers,
  };
}

const isWrite = (method: string, path: string): boolean =>
  method !== "GET" && !path.includes("/events") && !path.includes("selfsubjectaccessreviews");

interface Outcome {
  readonly pictures: readonly Picture[];
  readonly writes: number;
  readonly deaths: number;
}

/**
 * Lives through all steps; the process dies at each write that `dies` says, counted from 0 of all, from 1 of the process
 * itself. Every other one of these gets through.
 */
async function live(life: Life, dies: (write: number, own: number) => boolean): Promise<Outcome> {
  // Pods would only take time: no write of the operator hangs on them.
  const world = await startWorld(options, { controllers: ["garbage-collector"] });
  await world.stop();
  let count = 0;
  let deaths = 0;
  let dead = false;
  const born = async (): Promise<void> => {
    dead = false;
    let gone = false;
    let own = 0;
    const interceptor: Interceptor = (next) => async (request) => {
      if (gone) throw new ConnectionLost("the process is dead");
      if (!isWrite(request.method, request.path)) return next(request);
      if (!dies(count++, ++own)) return next(request);
      gone = true;
      dead = true;
      deaths++;
      if (deaths % 2 === 0) await (await next(request)).bytes();
      throw new ConnectionLost("the process has died");
    };
    await world.start(options, { identity, interceptors: [interceptor] });
  };
  await born();
  const pictures: Picture[] = [];
  for (const { act } of steps) {
    await act(world, life);
    for (let round = 0; round < 400; round++) {
      await world.settle(5_000);
      if (!dead) break;
      await world.stop();
      await born();
    }
    pictures.push(await picture(world, life));
  }
  await world.stop();
  return { pictures, writes: count, deaths };
}

/** Processes that die of their nth write each, so that every write of a convergence is the last of one. */
const shortLives = [1, 3, 8];
/** One death at each so many writes; `TEMPO_CRASH=all`: at each single one, which takes minutes. */
const step = process.env["TEMPO_CRASH"] === "all" ? 1 : 60;

describe.each(lives)("the operator of $name", (life) => {
  let peace: Promise<Outcome> | undefined;
  const undisturbed = () => (peace ??= live(life, () => false));

  test("undisturbed makes one authority, rotates it in time, and leaves nothing behind", async () => {
    const [created, another, renewed, rotated, deleted] = (await undisturbed()).pictures as Picture[];
    expect(created).toMatchObject({ authorities: 1, finalizers: ["tempo.grafana.com/finalizer"] });
    expect(created!.names).toContain("ClusterRole tempo-simplest-gateway-default");
    expect(JSON.stringify(another!.configuration)).toContain("bucket: tempo2");
    expect([renewed!.authorities, rotated!.authorities]).toEqual([1, 2]);
    expect(deleted).toMatchObject({ names: [], authorities: 0 });
  });

  test.each(shortLives)(
    "that dies of every write number %i comes to the same world",
    { timeout: 60_000 },
    async (nth) => {
      const { pictures, deaths } = await live(life, (_, own) => own === nth);
      expect(deaths).toBeGreaterThan(1);
      expect(pictures).toEqual((await undisturbed()).pictures);
    },
  );

  test(`killed once, at any ${step === 1 ? "" : `${step}th `}of its writes, comes to the same world`, {
    timeout: step === 1 ? 1_800_000 : 60_000,
  }, async () => {
    const { pictures: expected, writes } = await undisturbed();
    for (let fatal = 0; fatal < writes; fatal += step) {
      const { pictures, deaths } = await live(life, (write) => write === fatal);
      expect(deaths, `deaths at write ${fatal}`).toBe(1);
      expect(pictures, `after a death at write ${fatal}`).toEqual(expected);
    }
  });
});
