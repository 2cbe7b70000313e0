import { expect, it } from "vitest";
import { configMap, pod } from "./objects.ts";
import { behaviours } from "./suite.ts";

const rbac = "rbac.authorization.k8s.io/v1";

behaviours("authentication and access", (world) => {
  let users = 0;
  /** Someone who may do what the rules say in one namespace. */
  const someone = async (ns: { path(group: string): string }, rules: readonly object[]) => {
    const username = `user-${++users}`;
    await world.api.make(`${ns.path(rbac)}/roles`, { metadata: { name: username }, rules } as never);
    await world.api.make(`${ns.path(rbac)}/rolebindings`, {
      metadata: { name: username },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: username },
      subjects: [{ kind: "User", name: username, apiGroup: "rbac.authorization.k8s.io" }],
    });
    return { username, api: world.as({ username, groups: [] }) };
  };

  it("B240 lets nobody in particular see health and version, and nothing else", async () => {
    const nobody = world.as(null);
    expect([(await nobody.get("/readyz")).text, (await nobody.get("/version")).status]).toEqual(["ok", 200]);
    const { status, body } = await nobody.get("/api/v1/pods");
    expect([status, body.message]).toEqual([
      403,
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
    ]);
  });

  it("B240 B028 refuses a bad token with 401", async () => {
    const answer = await world.as(null).get("/api/v1/pods", { authorization: "Bearer nonsense" });
    expect([answer.status, answer.body.reason]).toEqual([401, "Unauthorized"]);
  });

  it("B242 B243 9.2.14 allows what a role says and nothing beside", async () => {
    const ns = await world.namespace();
    const { username, api } = await someone(ns, [
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create"] },
    ]);
    expect((await api.post(`${ns.core}/configmaps`, configMap("a"))).status).toBe(201);
    expect((await api.get(`${ns.core}/configmaps/a`)).status).toBe(200);
    const { status, body } = await api.delete(`${ns.core}/configmaps/a`);
    expect([status, body.reason, body.message, body.details]).toEqual([
      403,
      "Forbidden",
      `configmaps "a" is forbidden: User "${username}" cannot delete resource "configmaps" in API group "" in the namespace "${ns.name}"`,
      { name: "a", kind: "configmaps" },
    ]);
    expect((await api.get(`${ns.core}/configmaps`)).status).toBe(403);
    expect((await api.get("/api/v1/namespaces/default/configmaps/a")).status).toBe(403);
    expect((await api.watch(`${ns.core}/configmaps`).opened).status).toBe(403);
  });

  it("B063 demands create for an apply that creates", async () => {
    const ns = await world.namespace();
    const { api } = await someone(ns, [{ apiGroups: [""], resources: ["configmaps"], verbs: ["patch", "get"] }]);
    expect((await api.apply(`${ns.core}/configmaps/a`, configMap("a"), "m")).status).toBe(403);
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    expect((await api.apply(`${ns.core}/configmaps/a`, configMap("a", { x: "1" }), "m")).status).toBe(200);
  });

  it("B052 demands create for an update that creates", async () => {
    const ns = await world.namespace();
    const rules = [{ apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["update"] }];
    const { api } = await someone(ns, rules);
    const path = `${ns.path("coordination.k8s.io/v1")}/leases/l`;
    expect((await api.put(path, { metadata: { name: "l" } })).status).toBe(403);
  });

  it("B003 B244 takes names of resources from paths and selectors", async () => {
    const ns = await world.namespace();
    const rule = {
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: ["a"],
      verbs: ["get", "list", "watch", "create"],
    };
    const { api } = await someone(ns, [rule]);
    expect((await api.get(`${ns.core}/configmaps?fieldSelector=metadata.name%3Da`)).status).toBe(200);
    expect((await api.get(`${ns.core}/configmaps?fieldSelector=metadata.name%3Db`)).status).toBe(403);
    expect((await api.get(`${ns.core}/configmaps`)).status).toBe(403);
    expect((await api.post(`${ns.core}/configmaps`, configMap("a"))).status).toBe(403);
  });

  it("B242 tells subresources from their object", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/pods`, pod("p"));
    const { api } = await someone(ns, [{ apiGroups: [""], resources: ["pods/log"], verbs: ["get"] }]);
    expect((await api.get(`${ns.core}/pods/p/log`)).status).toBe(200);
    expect((await api.get(`${ns.core}/pods/p`)).status).toBe(403);
  });

  it("B245 lets nobody grant what they do not hold", async () => {
    const ns = await world.namespace();
    const rules = [
      { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"], verbs: ["create"] },
    ];
    const { api } = await someone(ns, rules);
    const role = { metadata: { name: "more" }, rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }] };
    const { status, body } = await api.post(`${ns.path(rbac)}/roles`, role);
    expect([status, body.message.includes("secrets")]).toEqual([403, true]);
    expect((await api.post(`${ns.path(rbac)}/roles`, { metadata: { name: "same" }, rules })).status).toBe(201);
    const binding = {
      metadata: { name: "b" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    };
    expect((await api.post(`${ns.path(rbac)}/rolebindings`, binding)).status).toBe(403);
  });

  it("B246 has the roles of every cluster", async () => {
    for (const name of ["cluster-admin", "admin", "edit", "view", "system:discovery", "system:basic-user"]) {
      expect((await world.api.get(`/apis/${rbac}/clusterroles/${name}`)).status).toBe(200);
    }
  });

  it("B247 B248 reviews access and identity", async () => {
    const ns = await world.namespace();
    const { username, api } = await someone(ns, [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }]);
    const may = async (verb: string): Promise<boolean> => {
      const attributes = { verb, resource: "pods", namespace: ns.name };
      const review = { spec: { resourceAttributes: attributes } };
      const answer = await api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
      expect(answer.status).toBe(201);
      return answer.body.status.allowed;
    };
    expect([await may("list"), await may("delete")]).toEqual([true, false]);
    const who = await api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {});
    expect(who.body.status.userInfo).toMatchObject({ username, groups: ["system:authenticated"] });
  });

  it.runIf(world.ours)("B249 impersonates for those who may, and refuses others", async () => {
    const ns = await world.namespace();
    const { username, api } = await someone(ns, [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list"] }]);
    const as = { "impersonate-user": username };
    expect((await world.api.get(`${ns.core}/configmaps`, as)).status).toBe(200);
    expect((await world.api.get(`${ns.core}/secrets`, as)).status).toBe(403);
    const { status, body } = await api.get(`${ns.core}/configmaps`, { "impersonate-user": "other" });
    expect([status, body.message.includes('cannot impersonate resource "users"')]).toEqual([403, true]);
  });

  it("B250 B251 serves service accounts by their tokens, as long as they exist", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/serviceaccounts`, { metadata: { name: "robot" } });
    const request = await world.api.post(`${ns.core}/serviceaccounts/robot/token`, {
      spec: { expirationSeconds: 600 },
    });
    expect(request.status).toBe(201);
    const robot = { authorization: `Bearer ${request.body.status.token}` };
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const who = await world.as(null).post(path, {}, robot);
    expect(who.body.status.userInfo).toMatchObject({
      username: `system:serviceaccount:${ns.name}:robot`,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${ns.name}`, "system:authenticated"],
    });
    await world.api.delete(`${ns.core}/serviceaccounts/robot`);
    expect((await world.as(null).post(path, {}, robot)).status).toBe(401);
  });

  it("B251 binds a token to a pod of its account, and ends it with the pod", async () => {
    const ns = await world.namespace();
    for (const name of ["robot", "other"]) {
      await world.api.make(`${ns.core}/serviceaccounts`, { metadata: { name } });
    }
    const pod = await world.api.make(`${ns.core}/pods`, {
      metadata: { name: "p" },
      spec: { serviceAccountName: "robot", containers: [{ name: "a", image: "registry.k8s.io/pause:3.10" }] },
    });
    const ask = (account: string, change: object = {}) =>
      world.api.post(`${ns.core}/serviceaccounts/${account}/token`, {
        spec: { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p", ...change } },
      });
    const refused = await Promise.all([
      ask("other"),
      ask("robot", { name: "q" }),
      ask("robot", { uid: "old" }),
      ask("robot", { kind: "ConfigMap" }),
    ]);
    expect(refused.map(({ status, body }) => [status, body.reason])).toEqual([
      [400, "BadRequest"],
      [404, "NotFound"],
      [409, "Conflict"],
      [400, "BadRequest"],
    ]);
    const { token } = (await ask("robot", { uid: pod.metadata.uid })).body.status;
    const review = async () =>
      (await world.api.post("/apis/authentication.k8s.io/v1/tokenreviews", { spec: { token } })).body.status;
    expect((await review()).user.extra).toMatchObject({
      "authentication.kubernetes.io/pod-name": ["p"],
      "authentication.kubernetes.io/pod-uid": [pod.metadata.uid],
    });
    await world.api.delete(`${ns.core}/pods/p`, { gracePeriodSeconds: 0 });
    const after = await review();
    expect([after.authenticated ?? false, typeof after.error]).toEqual([false, "string"]);
  });
});
