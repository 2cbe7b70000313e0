import { createApiServer, type UserInfo } from "@homeostat/apiserver";
import { describe, expect, it } from "vitest";
import { apiOf } from "./client.ts";
import { dials } from "./dialing.ts";
import { configMap, deployment } from "./objects.ts";

const core = "/api/v1/namespaces/default";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const operator: UserInfo = { username: "operator", groups: [] };

describe.each(dials)("the permission to have an owner wait, %s", (_name, dial) => {
  /** A server whose operator may do this, and a Deployment that can own. */
  async function guarded(rules: object[], isOn = true) {
    const server = await createApiServer({ admission: { ownerReferencesPermission: isOn } });
    const transport = await dial(server);
    const api = apiOf(transport());
    await api.make(`${rbac}/clusterroles`, { metadata: { name: "operator" }, rules } as never);
    await api.make(`${rbac}/clusterrolebindings`, {
      metadata: { name: "operator" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "operator" },
      subjects: [{ kind: "User", name: "operator", apiGroup: "rbac.authorization.k8s.io" }],
    });
    const { metadata } = await api.make("/apis/apps/v1/namespaces/default/deployments", deployment("web"));
    const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: metadata.uid, controller: true };
    return { api, owner, operator: apiOf(transport(operator)), [Symbol.asyncDispose]: () => server.stop() };
  }
  const writes = { apiGroups: [""], resources: ["configmaps"], verbs: ["create", "update", "patch"] };
  const finalizers = { apiGroups: ["apps"], resources: ["deployments/finalizers"], verbs: ["update"] };
  const owned = (name: string, ...ownerReferences: object[]) => configMap(name, {}, { ownerReferences });

  it("B119 is demanded where the server is told to, of whoever blocks the owner's deletion", async () => {
    await using world = await guarded([writes]);
    const { owner } = world;
    const refused = await world.operator.post(`${core}/configmaps`, owned("a", { ...owner, blockOwnerDeletion: true }));
    expect([refused.status, refused.body.message]).toEqual([
      403,
      'configmaps "a" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: , <nil>',
    ]);
    expect((await world.operator.post(`${core}/configmaps`, owned("a", owner))).status).toBe(201);
    const unknown = { ...owner, kind: "Nothing", blockOwnerDeletion: true };
    expect((await world.operator.post(`${core}/configmaps`, owned("b", unknown))).body.message).toContain(
      'cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion apps/v1 Kind Nothing: no matches for kind "Nothing" in version "apps/v1"',
    );
  });

  it("B119 lets through who may update the owner's finalizers", async () => {
    await using world = await guarded([writes, finalizers]);
    const blocking = { ...world.owner, blockOwnerDeletion: true };
    expect((await world.operator.post(`${core}/configmaps`, owned("a", blocking))).status).toBe(201);
    // What owners there are already is nobody's question.
    expect((await world.operator.patch(`${core}/configmaps/a`, { data: { k: "v" } })).status).toBe(200);
    const { status, body } = await world.operator.patch(`${core}/configmaps/a`, {
      metadata: { ownerReferences: null },
    });
    expect([status, body.message]).toEqual([
      403,
      'configmaps "a" is forbidden: cannot set an ownerRef on a resource you can\'t delete: , <nil>',
    ]);
    expect((await world.api.patch(`${core}/configmaps/a`, { metadata: { ownerReferences: null } })).status).toBe(200);
  });

  it("B119 is not demanded unless the server is told to", async () => {
    await using world = await guarded([writes], false);
    const blocking = { ...world.owner, blockOwnerDeletion: true };
    expect((await world.operator.post(`${core}/configmaps`, owned("a", blocking))).status).toBe(201);
  });
});
