import { randomBytes } from "node:crypto";
import type { UserInfo } from "@homeostat/apiserver";
import { afterAll, beforeAll, describe, it } from "vitest";
import { clusters, type Target, type TargetChoice, targets } from "../target.ts";
import { type Api, apiOf } from "./client.ts";

/** What a behaviour is tested with. */
export interface World {
  readonly target: Target;
  /** Whether the server is made by this process. Known before the target is open: `it.runIf(world.ours)`. */
  readonly ours: boolean;
  /** Whether nobody else writes to the server, controllers neither. Known before, too. */
  readonly alone: boolean;
  /** Asks as an administrator. */
  readonly api: Api;
  as(user: UserInfo | null): Api;
  /** Makes a namespace of the test's own. @returns its path, `/api/v1/namespaces/NAME`, and its name */
  namespace(): Promise<{ readonly name: string; readonly core: string; path(groupVersion: string): string }>;
  /** Makes a definition and waits until it is served. */
  define(definition: object): Promise<void>;
}

/** Registers the tests of `suite` once for each target. Targets live as long as the suite. */
export function behaviours(title: string, suite: (world: World) => void): void {
  register(title, targets, suite);
}

/** The same, with what needs the controllers of a cluster. */
export function clusterBehaviours(title: string, suite: (world: World) => void): void {
  register(title, clusters, suite);
}

function register(title: string, choices: readonly TargetChoice[], suite: (world: World) => void): void {
  describe.each(choices)(`${title}, $name`, ({ open, ours, alone, missing }) => {
    if (missing !== undefined) {
      it.skip(`is not run: ${missing}`, () => {});
      return;
    }
    // Others may have namespaces of the plain names, or may have had, on a server that is not ours.
    const prefix = ours ? "ns" : `homeostat-${randomBytes(4).toString("hex")}`;
    let target: Target | undefined;
    let names = 0;
    const opened = (): Target => {
      if (!target) throw new Error("the target is open only while tests run");
      return target;
    };
    beforeAll(async () => {
      target = await open();
    });
    afterAll(async () => {
      await target?.close();
    });
    const world: World = {
      ours,
      alone,
      get target() {
        return opened();
      },
      get api() {
        return apiOf(opened().transport());
      },
      as: (user) => apiOf(opened().transport(user)),
      async namespace() {
        const name = `${prefix}-${++names}`;
        await world.api.make("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
        if (!ours) await isSettled(world.api, name);
        return {
          name,
          core: `/api/v1/namespaces/${name}`,
          path: (groupVersion) => `/apis/${groupVersion}/namespaces/${name}`,
        };
      },
      async define(definition) {
        const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        const made = await world.api.make(path, definition as never);
        const watch = world.api.watch(`${path}?fieldSelector=metadata.name%3D${made.metadata.name}`);
        await watch.until(({ object }) =>
          object.status?.conditions?.some(
            (condition: { type: string; status: string }) =>
              condition.type === "Established" && condition.status === "True",
          ),
        );
        watch.stop();
      },
    };
    suite(world);
  });
}

/** Where controllers run, pods are refused until the namespace has its service account. */
async function isSettled(api: Api, namespace: string): Promise<void> {
  if (!(await hasControllers(api))) return;
  const watch = api.watch(`/api/v1/namespaces/${namespace}/serviceaccounts?fieldSelector=metadata.name%3Ddefault`);
  await watch.until(1);
  watch.stop();
}

/** Whether somebody keeps namespaces filled: in one that has been there long there would be an account. */
async function hasControllers(api: Api): Promise<boolean> {
  return (await api.get("/api/v1/namespaces/default/serviceaccounts/default")).status === 200;
}
