import {
  CustomResourceDefinition,
  customResourceDefinition,
  defineResource,
  isForbidden,
  type Transport,
  type TransportRequest,
} from "@homeostat/api";
import { expect, it } from "vitest";
import { z } from "zod";
import { createClient } from "../client/api-client.ts";
import { overBoth, recorded } from "../client/targets.test-support.ts";
import { createDiscovery } from "./discovery.ts";
import { DiscoveryFailedError, NoKindMatchError } from "./errors.ts";

/** Speaks the form of discovery that servers before 1.26 know. */
const unaggregated =
  (next: Transport): Transport =>
  (request: TransportRequest) =>
    next({ ...request, headers: { ...request.headers, accept: "application/json" } });

overBoth("discovery", (world) => {
  let groups = 0;
  /** A group with the kind Widget in these versions, the first one stored. */
  const define = async (
    versions: readonly string[],
  ): Promise<{ group: string; serve(versions: readonly string[]): Promise<void> }> => {
    const group = `g${++groups}.example.com`;
    const client = createClient({ transport: world.shared });
    const resource = defineResource({
      group,
      version: versions[0]!,
      kind: "Widget",
      shortNames: [`wdg${groups}`],
      spec: z.object({ size: z.number().optional() }),
    });
    const definition = customResourceDefinition([resource]);
    const versionsOf = (served: readonly string[], all: readonly string[]) =>
      all.map((name) => ({
        ...definition.spec.versions[0]!,
        name,
        served: served.includes(name),
        storage: name === all[0],
      }));
    await client.create(CustomResourceDefinition, {
      ...definition,
      spec: { ...definition.spec, versions: versionsOf(versions, versions) },
    });
    const name = definition.metadata!.name!;
    const established = async (): Promise<void> => {
      for await (const { object } of client.watch(CustomResourceDefinition, {
        fieldSelector: { "metadata.name": name },
        sendInitialEvents: true,
      }))
        if (
          (object as CustomResourceDefinition).status?.conditions?.some(
            ({ type, status }) => type === "Established" && status === "True",
          )
        )
          return;
    };
    await established();
    return {
      group,
      async serve(served) {
        await client.patchMerge(
          CustomResourceDefinition,
          { name },
          { spec: { versions: versionsOf(served, versions) as never } },
        );
        await world.clock.advance(1_000);
      },
    };
  };
  const setup = (form: (next: Transport) => Transport = (next) => next) => {
    const transport = recorded(form(world.shared));
    const discovery = createDiscovery({ transport, clock: world.clock });
    return { discovery, asked: (): string[] => transport.requests.splice(0).map(({ path }) => path) };
  };

  it("K21 asks for a half of the API in one request, once", async () => {
    const { discovery, asked } = setup();
    expect(asked()).toEqual([]);
    const found = await discovery.resourceFor({ group: "apps", kind: "Deployment" });
    expect(found).toMatchObject({
      group: "apps",
      version: "v1",
      plural: "deployments",
      singular: "deployment",
      scope: "Namespaced",
      shortNames: ["deploy"],
    });
    expect(found.subresources).toEqual(expect.arrayContaining(["status", "scale"]));
    expect(found.verbs).toContain("watch");
    expect(asked()).toEqual(["/apis"]);
    expect((await discovery.resourceFor({ group: "", kind: "Node" })).scope).toBe("Cluster");
    expect(asked()).toEqual(["/api"]);
    await discovery.resourceFor({ group: "apps", version: "v1", kind: "StatefulSet" });
    await discovery.resourcesFor({ group: "batch", kind: "Job" });
    await discovery.kindFor("pods");
    expect(asked()).toEqual([]);
  });

  it("K21 asks once for many who want to know at the same time", async () => {
    const { discovery, asked } = setup();
    const kinds = ["Deployment", "StatefulSet", "DaemonSet"];
    const found = await Promise.all(kinds.map((kind) => discovery.resourceFor({ group: "apps", kind })));
    expect(found.map(({ kind }) => kind)).toEqual(kinds);
    expect(asked()).toEqual(["/apis"]);
  });

  it("K21 asks a server of the older form for the lists of what is wanted, and only those", async () => {
    const { discovery, asked } = setup(unaggregated);
    const found = await discovery.resourceFor({ group: "apps", kind: "Deployment" });
    expect(found).toMatchObject({ plural: "deployments", version: "v1", scope: "Namespaced" });
    expect(found.subresources).toEqual(expect.arrayContaining(["status", "scale"]));
    expect(asked()).toEqual(["/apis", "/apis/apps/v1"]);
    await discovery.resourceFor({ group: "apps", kind: "StatefulSet" });
    expect(asked()).toEqual([]);
    await discovery.resourceFor({ group: "batch", version: "v1", kind: "CronJob" });
    expect(asked()).toEqual(["/apis/batch/v1"]);
    expect((await discovery.kindFor("po")).kind).toBe("Pod");
  });

  it("K21 finds kinds that came later by asking for their group alone", async () => {
    const { discovery, asked } = setup();
    await discovery.resourceFor({ group: "apps", kind: "Deployment" });
    const { group } = await define(["v1"]);
    asked();
    expect((await discovery.resourceFor({ group, kind: "Widget" })).plural).toBe("widgets");
    expect(asked()).toEqual([`/apis/${group}`, `/apis/${group}/v1`]);
    await discovery.resourceFor({ group, version: "v1", kind: "Widget" });
    expect(asked()).toEqual([]);
    const later = await define(["v1"]);
    expect((await discovery.kindFor(`widgets.${later.group}`)).group).toBe(later.group);
    expect((await discovery.kindFor(`widget.v1.${later.group}`)).group).toBe(later.group);
  });

  it("K21 prefers the version the server prefers", async () => {
    const { group } = await define(["v1beta1", "v1", "v2alpha1"]);
    for (const form of [undefined, unaggregated]) {
      const { discovery } = setup(form);
      expect((await discovery.resourceFor({ group, kind: "Widget" })).version).toBe("v1");
      const all = await discovery.resourcesFor({ group, kind: "Widget" });
      expect(all.map(({ version }) => version)).toEqual(["v1", "v1beta1", "v2alpha1"]);
      expect((await discovery.resourceFor({ group, version: "v1beta1", kind: "Widget" })).version).toBe("v1beta1");
      expect((await discovery.kindFor(`wdg${groups}`)).version).toBe("v1");
    }
  });

  it("K21 forgets versions that were removed", async () => {
    const { group, serve } = await define(["v1beta1", "v1"]);
    const { discovery } = setup();
    expect((await discovery.resourcesFor({ group, kind: "Widget" })).map(({ version }) => version)).toEqual([
      "v1",
      "v1beta1",
    ]);
    await serve(["v1beta1"]);
    // A miss makes it look again at the group.
    await expect(discovery.resourceFor({ group, kind: "Gadget" })).rejects.toBeInstanceOf(NoKindMatchError);
    expect((await discovery.resourcesFor({ group, kind: "Widget" })).map(({ version }) => version)).toEqual([
      "v1beta1",
    ]);
    await expect(discovery.resourceFor({ group, version: "v1", kind: "Widget" })).rejects.toThrow(`${group}/v1 Widget`);
    await serve(["v1beta1", "v1"]);
    discovery.forget(group);
    expect((await discovery.resourceFor({ group, kind: "Widget" })).version).toBe("v1");
  });

  it("K21 says that a kind is not served, having asked for no more than its group", async () => {
    const { discovery, asked } = setup();
    const error = await discovery.resourceFor({ group: "none.example.com", kind: "Widget" }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "NO_KIND_MATCH", asked: "none.example.com Widget" });
    expect(asked()).toEqual(["/apis"]);
    await expect(discovery.kindFor("things.none.example.com")).rejects.toThrow("install its CustomResourceDefinition");
    expect(asked()).toEqual(["/apis/none.example.com"]);
  });

  it("does not take a part that cannot be asked for proof that a kind is missing", async () => {
    const { group } = await define(["v1"]);
    const broken = (next: Transport): Transport => {
      const plain = unaggregated(next);
      return async (request) => {
        const response = await plain(request);
        return request.path === `/apis/${group}/v1` ? { ...response, status: 503 } : response;
      };
    };
    const { discovery } = setup(broken);
    const error = await discovery.resourceFor({ group, kind: "Widget" }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DiscoveryFailedError);
    expect([...(error as DiscoveryFailedError).failures.keys()]).toEqual([`${group}/v1`]);
  });

  it("tells the server's refusal, and asks again the next time", async () => {
    let refused = true;
    const { discovery } = setup(
      (next) => (request) => next(request).then((response) => ({ ...response, ...(refused ? { status: 403 } : {}) })),
    );
    await expect(discovery.kindFor("pods")).rejects.toSatisfy(isForbidden);
    refused = false;
    expect((await discovery.kindFor("pods")).kind).toBe("Pod");
  });

  it("makes resources of kinds nobody has types for", async () => {
    const { group } = await define(["v1"]);
    const { discovery } = setup();
    const widget = await discovery.untyped(`${group}/v1`, "Widget");
    const client = createClient({ transport: world.shared });
    const namespace = await world.namespace();
    const made = await client.create(widget, { metadata: { namespace, name: "a" }, spec: { size: 3 } });
    expect(made["spec"]).toEqual({ size: 3 });
    expect(await client.get(widget, { namespace, name: "a" })).toEqual(made);
  });
});
