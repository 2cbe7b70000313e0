import { expect, it } from "vitest";
import { configMap, pod } from "./objects.ts";
import { clusterBehaviours } from "./suite.ts";

clusterBehaviours("what the controllers of a cluster do", (world) => {
  /** Waits until an object is there, or is as wanted. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  const until = async (path: string, name: string, wanted: (object: any) => boolean) => {
    const watch = world.api.watch(`${path}?fieldSelector=metadata.name%3D${name}`);
    const lines = await watch.until(({ type, object }) => type !== "DELETED" && wanted(object));
    watch.stop();
    return lines.findLast(({ object }) => wanted(object))!.object;
  };
  const condition = (object: { status: { conditions?: { type: string; status: string; reason: string }[] } }) =>
    Object.fromEntries(
      (object.status.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
    );

  it("B254 gives each namespace an account and the certificate authority, and gives them back", async () => {
    const ns = await world.namespace();
    const account = await until(`${ns.core}/serviceaccounts`, "default", () => true);
    const authority = await until(`${ns.core}/configmaps`, "kube-root-ca.crt", () => true);
    expect(authority.data["ca.crt"]).toContain("BEGIN CERTIFICATE");
    await world.api.delete(`${ns.core}/serviceaccounts/default`);
    await until(`${ns.core}/serviceaccounts`, "default", ({ metadata }) => metadata.uid !== account.metadata.uid);
    await world.api.patch(`${ns.core}/configmaps/kube-root-ca.crt`, { data: { "ca.crt": "mine" } });
    await until(`${ns.core}/configmaps`, "kube-root-ca.crt", ({ data }) => data["ca.crt"] === authority.data["ca.crt"]);
    const path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
    expect((await world.api.get(path)).body.data["client-ca-file"]).toContain("BEGIN CERTIFICATE");
  });

  it("B253 fills the Secret of an account with a token that works", async () => {
    const ns = await world.namespace();
    await until(`${ns.core}/serviceaccounts`, "default", () => true);
    await world.api.make(`${ns.core}/secrets`, {
      metadata: { name: "token", annotations: { "kubernetes.io/service-account.name": "default" } },
      type: "kubernetes.io/service-account-token",
    });
    const filled = await until(`${ns.core}/secrets`, "token", ({ data }) => data?.token !== undefined);
    const read = (key: string): string => Buffer.from(filled.data[key], "base64").toString();
    expect([read("namespace"), read("ca.crt")]).toEqual([ns.name, expect.stringContaining("BEGIN CERTIFICATE")]);
    const review = await world.api.post("/apis/authentication.k8s.io/v1/tokenreviews", {
      spec: { token: read("token") },
    });
    expect(review.body.status).toMatchObject({
      authenticated: true,
      user: { username: `system:serviceaccount:${ns.name}:default` },
    });
  });

  it("B268 B274 holds a namespace that goes while an aggregated server is away", async () => {
    const ns = await world.namespace();
    const services = "/apis/apiregistration.k8s.io/v1/apiservices";
    const group = `${ns.name}.away.example.com`;
    const priorities = { groupPriorityMinimum: 100, versionPriority: 100 };
    await world.api.make(services, {
      metadata: { name: `v1.${group}` },
      spec: { group, version: "v1", ...priorities, service: { namespace: ns.name, name: "away" } },
    });
    await until(services, `v1.${group}`, (object) => condition(object)["Available"] === "False ServiceNotFound");
    await world.api.delete(ns.core);
    const held = await until(
      "/api/v1/namespaces",
      ns.name,
      (object) => condition(object)["NamespaceDeletionDiscoveryFailure"] === "True DiscoveryFailed",
    );
    expect(JSON.stringify(held.status.conditions)).toContain(`${group}/v1`);
    const watch = world.api.watch(`/api/v1/namespaces?fieldSelector=metadata.name%3D${ns.name}`);
    await watch.until(1);
    await world.api.delete(`${services}/v1.${group}`);
    await watch.until(({ type }) => type === "DELETED");
    watch.stop();
  });

  it("B272 B274 says what a namespace waits for, and lets it go with the last finalizer", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("goes"));
    await world.api.make(`${ns.core}/configmaps`, configMap("stays", {}, { finalizers: ["example.com/hold"] }));
    expect((await world.api.delete(ns.core)).body.status.phase).toBe("Terminating");
    const waiting = await until(
      "/api/v1/namespaces",
      ns.name,
      (object) => condition(object)["NamespaceFinalizersRemaining"] === "True SomeFinalizersRemain",
    );
    expect(condition(waiting)).toMatchObject({
      NamespaceDeletionDiscoveryFailure: "False ResourcesDiscovered",
      NamespaceDeletionGroupVersionParsingFailure: "False ParsedGroupVersions",
      NamespaceDeletionContentFailure: "False ContentDeleted",
      NamespaceContentRemaining: "True SomeResourcesRemain",
    });
    const text = JSON.stringify(waiting.status.conditions);
    expect(text).toContain("configmaps. has 1 resource instances");
    expect(text).toContain("example.com/hold in 1 resource instances");
    expect((await world.api.get(`${ns.core}/configmaps/goes`)).status).toBe(404);
    const gone = world.api.watch(`/api/v1/namespaces?fieldSelector=metadata.name%3D${ns.name}`);
    await gone.until(1);
    await world.api.patch(`${ns.core}/configmaps/stays`, { metadata: { finalizers: null } });
    await gone.until(({ type }) => type === "DELETED");
    gone.stop();
  });

  it("B237 B281 runs a pod as its namespace's account", async () => {
    const ns = await world.namespace();
    await until(`${ns.core}/serviceaccounts`, "default", () => true);
    const made = await world.api.make(`${ns.core}/pods`, pod("p"));
    expect(made.spec.serviceAccountName).toBe("default");
    const [mount] = made.spec.containers[0].volumeMounts;
    expect(mount).toMatchObject({ mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true });
    await until(`${ns.core}/pods`, "p", ({ status }) => status.phase === "Running");
  });
});
