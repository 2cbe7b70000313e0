import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVirtualClock, systemClock } from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";
import { type ApiServer, createApiServer, openDurableStorage } from "@homeostat/apiserver";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { apiOf } from "./client.ts";
import { configMap, definition, deployment, widget } from "./objects.ts";

const group = "kept.example.com";
const widgets = `/apis/${group}/v1/namespaces/default/widgets`;
const core = "/api/v1/namespaces/default";

describe("a server whose storage is kept", () => {
  const clock = createVirtualClock();
  let directory: string;
  let server: ApiServer | undefined;

  const authority = createCertificateAuthority({ clock: systemClock });
  const frontProxyAuthority = createCertificateAuthority({ clock: systemClock }, "front-proxy-ca");

  const start = async (identity: object = { authority, frontProxyAuthority }) => {
    server = await createApiServer({ clock, storage: await openDurableStorage({ directory, clock }), ...identity });
    return apiOf(server.transport());
  };
  const restart = async () => {
    await server?.stop();
    return start();
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "homeostat-"));
  });
  afterEach(async () => {
    await server?.stop();
    await rm(directory, { recursive: true });
  });

  const establish = async (api: ReturnType<typeof apiOf>) => {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await api.make(path, definition(group));
    const watch = api.watch(path);
    await watch.until(({ object }) =>
      object.status?.conditions?.some(
        ({ type, status }: { type: string; status: string }) => type === "Established" && status === "True",
      ),
    );
    watch.stop();
    // Its API service follows on its own.
    const services = api.watch("/apis/apiregistration.k8s.io/v1/apiservices");
    await services.until(({ object }) => object.spec.group === group && object.status?.conditions?.length > 0);
    services.stop();
  };

  it("shows every object as it was, custom ones too", async () => {
    let api = await start();
    await establish(api);
    await api.make(widgets, widget(group, "w", { size: 1, tags: ["a"] }));
    await api.make("/apis/apps/v1/namespaces/default/deployments", deployment("d"));
    const paths = [
      widgets,
      "/apis/apps/v1/namespaces/default/deployments",
      "/api/v1/namespaces",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles",
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    ];
    const items = async () => Promise.all(paths.map(async (path) => (await api.get(path)).body.items));
    const before = await items();
    api = await restart();
    expect(await items()).toEqual(before);
  });

  it("B032 goes on counting, and writes nothing by starting", async () => {
    let api = await start();
    await establish(api);
    const made = await api.make(`${core}/configmaps`, configMap("a"));
    api = await restart();
    const list = (await api.get(`${core}/configmaps`)).body;
    expect(list.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    const next = await api.make(`${core}/configmaps`, configMap("b"));
    expect(Number(next.metadata.resourceVersion)).toBe(Number(made.metadata.resourceVersion) + 1);
  });

  it("B254 tells servers that extend it of its new authorities", async () => {
    const path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
    const before = (await (await start()).get(path)).body.data;
    expect(before).toMatchObject({
      "client-ca-file": authority.certificate,
      "requestheader-client-ca-file": frontProxyAuthority.certificate,
    });
    await server?.stop();
    const after = (await (await start({})).get(path)).body.data;
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(after["client-ca-file"]).not.toBe(before["client-ca-file"]);
    expect(after["requestheader-client-ca-file"]).not.toBe(before["requestheader-client-ca-file"]);
  });

  it("goes on with watches from before", async () => {
    let api = await start();
    const first = await api.make(`${core}/configmaps`, configMap("a"));
    await api.delete(`${core}/configmaps/a`);
    api = await restart();
    const watch = api.watch(`${core}/configmaps?resourceVersion=${first.metadata.resourceVersion}`);
    expect((await watch.until(1)).map(({ type, object }) => [type, object.metadata.name])).toEqual([["DELETED", "a"]]);
    watch.stop();
  });

  it("remembers the addresses it gave to Services", async () => {
    let api = await start();
    const service = (name: string, spec: object = {}) =>
      ({ metadata: { name }, spec: { type: "NodePort", ports: [{ port: 80 }], ...spec } }) as never;
    const a = await api.make(`${core}/services`, service("a"));
    api = await restart();
    const taken = await api.post(`${core}/services`, service("b", { clusterIP: a.spec.clusterIP }));
    expect(taken.status).toBe(422);
    const port = [{ port: 80, nodePort: a.spec.ports[0].nodePort }];
    expect((await api.post(`${core}/services`, service("c", { ports: port }))).status).toBe(422);
    await api.delete(`${core}/services/a`);
    expect((await api.post(`${core}/services`, service("b", { clusterIP: a.spec.clusterIP }))).status).toBe(201);
  });

  it("lets go of a definition whose deletion had begun", async () => {
    let api = await start();
    await establish(api);
    await api.make(widgets, widget(group, "w", {}, { finalizers: ["x.io/a"] }));
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`;
    await api.delete(path);
    api = await restart();
    expect((await api.get(`${widgets}/w`)).status).toBe(200);
    const watch = api.watch("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
    await watch.until(1);
    await api.patch(`${widgets}/w`, { metadata: { finalizers: null } });
    await watch.until(({ type }) => type === "DELETED");
    watch.stop();
    expect((await api.get(path)).status).toBe(404);
  });
});
