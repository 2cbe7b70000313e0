import type { UserInfo } from "@homeostat/apiserver";
import { afterAll, beforeAll, describe } from "vitest";
import { type Target, targets } from "../target.ts";
import { type Api, apiOf } from "./client.ts";

/** What a behaviour is tested with. */
export interface World {
  readonly target: Target;
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
  describe.each(targets)(`${title}, $name`, ({ open }) => {
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
      get target() {
        return opened();
      },
      get api() {
        return apiOf(opened().transport());
      },
      as: (user) => apiOf(opened().transport(user)),
      async namespace() {
        const name = `ns-${++names}`;
        await world.api.make("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
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
