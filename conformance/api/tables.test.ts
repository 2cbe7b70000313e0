import { expect, it } from "vitest";
import { configMap, deployment, pod } from "./objects.ts";
import { behaviours } from "./suite.ts";

const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";

interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

behaviours("tables", (world) => {
  const table = async (path: string) => {
    const answer = await world.api.get(path, { accept });
    expect(answer.status).toBe(200);
    return answer.body;
  };
  /** The cells of the first row by the names of their columns. */
  const row = async (path: string): Promise<Record<string, unknown>> => {
    const { columnDefinitions, rows } = await table(path);
    return Object.fromEntries(columnDefinitions.map(({ name }: Column, at: number) => [name, rows[0].cells[at]]));
  };

  it("B301 shows objects as rows, with their metadata", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/configmaps`, configMap("a", { x: "1", y: "2" }));
    const shown = await table(`${ns.core}/configmaps?fieldSelector=metadata.name%3Da`);
    expect([shown.kind, shown.apiVersion]).toEqual(["Table", "meta.k8s.io/v1"]);
    expect(Number(shown.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(made.metadata.resourceVersion));
    for (const column of shown.columnDefinitions as Column[]) {
      expect(Object.keys(column).toSorted()).toEqual(["description", "format", "name", "priority", "type"]);
    }
    expect(shown.rows).toHaveLength(1);
    expect(shown.rows[0].cells.slice(0, 2)).toEqual(["a", 2]);
    expect(shown.rows[0].object).toMatchObject({
      kind: "PartialObjectMetadata",
      apiVersion: "meta.k8s.io/v1",
      metadata: { name: "a", uid: made.metadata.uid },
    });
  });

  it("B301 B166 carries as much of each object as asked for, owners of fields too", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a", { x: "1" }));
    const of = async (what: string) => (await table(`${ns.core}/configmaps/a?includeObject=${what}`)).rows[0].object;
    expect(await of("None")).toBeNull();
    expect((await of("Metadata")).metadata.managedFields).toHaveLength(1);
    expect(await of("Object")).toMatchObject({ kind: "ConfigMap", data: { x: "1" } });
    const bad = await world.api.get(`${ns.core}/configmaps/a?includeObject=Some`, { accept });
    expect([bad.status, bad.body.reason]).toEqual([400, "BadRequest"]);
  });

  it("B301 goes through pages as lists do", async () => {
    const ns = await world.namespace();
    for (const name of ["a", "b", "c"]) await world.api.make(`${ns.core}/secrets`, { metadata: { name } });
    const first = await table(`${ns.core}/secrets?limit=2`);
    expect([first.rows.length, first.metadata.remainingItemCount]).toEqual([2, 1]);
    const rest = await table(`${ns.core}/secrets?limit=2&continue=${first.metadata.continue}`);
    expect(rest.rows.map((each: { cells: unknown[] }) => each.cells[0])).toEqual(["c"]);
  });

  it.each([
    ["pods", "v1", "Name Ready Status Restarts Age IP* Node* Nominated-Node* Readiness-Gates*"],
    ["deployments", "apps/v1", "Name Ready Up-to-date Available Age Containers* Images* Selector*"],
    ["replicasets", "apps/v1", "Name Desired Current Ready Age Containers* Images* Selector*"],
    ["statefulsets", "apps/v1", "Name Ready Age Containers* Images*"],
    [
      "daemonsets",
      "apps/v1",
      "Name Desired Current Ready Up-to-date Available Node-Selector Age Containers* Images* Selector*",
    ],
    ["jobs", "batch/v1", "Name Status Completions Duration Age Containers* Images* Selector*"],
    ["cronjobs", "batch/v1", "Name Schedule Timezone Suspend Active Last-Schedule Age Containers* Images* Selector*"],
    ["services", "v1", "Name Type Cluster-IP External-IP Port(s) Age Selector*"],
    ["ingresses", "networking.k8s.io/v1", "Name Class Hosts Address Ports Age"],
    ["configmaps", "v1", "Name Data Age"],
    ["secrets", "v1", "Name Type Data Age"],
    ["endpointslices", "discovery.k8s.io/v1", "Name AddressType Ports Endpoints Age"],
    [
      "persistentvolumeclaims",
      "v1",
      "Name Status Volume Capacity Access-Modes StorageClass VolumeAttributesClass Age VolumeMode*",
    ],
    ["horizontalpodautoscalers", "autoscaling/v2", "Name Reference Targets MinPods MaxPods Replicas Age"],
    ["poddisruptionbudgets", "policy/v1", "Name Min-Available Max-Unavailable Allowed-Disruptions Age"],
    ["events", "v1", "Last-Seen Type Reason Object Subobject* Source* Message First-Seen* Count* Name*"],
    ["leases", "coordination.k8s.io/v1", "Name Holder Age"],
    ["rolebindings", "rbac.authorization.k8s.io/v1", "Name Role Age Users* Groups* ServiceAccounts*"],
    ["networkpolicies", "networking.k8s.io/v1", "Name Pod-Selector Age"],
  ])("B302 B306 has the columns of %s, and no rows where there is nothing", async (plural, group, wanted) => {
    const ns = await world.namespace();
    const path = group === "v1" ? ns.core : ns.path(group);
    const selector = "labelSelector=none%3Dsuch";
    const { columnDefinitions, rows } = await table(`${path}/${plural}?${selector}`);
    const columns = (columnDefinitions as Column[]).map(
      ({ name, priority }) => name.replaceAll(" ", "-") + (priority > 0 ? "*" : ""),
    );
    expect([columns.join(" "), rows]).toEqual([wanted, []]);
  });

  it.each([
    ["namespaces", "/api/v1", "Name Status Age"],
    [
      "nodes",
      "/api/v1",
      "Name Status Roles Age Version Internal-IP* External-IP* OS-Image* Kernel-Version* Container-Runtime*",
    ],
    ["customresourcedefinitions", "/apis/apiextensions.k8s.io/v1", "Name Created-At"],
    ["validatingwebhookconfigurations", "/apis/admissionregistration.k8s.io/v1", "Name Webhooks Age"],
    ["validatingadmissionpolicies", "/apis/admissionregistration.k8s.io/v1", "Name Validations ParamKind Age"],
    [
      "certificatesigningrequests",
      "/apis/certificates.k8s.io/v1",
      "Name Age SignerName Requestor RequestedDuration Condition",
    ],
  ])("B302 has the columns of %s", async (plural, path, wanted) => {
    const { columnDefinitions } = await table(`${path}/${plural}?labelSelector=none%3Dsuch`);
    const columns = (columnDefinitions as Column[]).map(
      ({ name, priority }) => name.replaceAll(" ", "-") + (priority > 0 ? "*" : ""),
    );
    expect(columns.join(" ")).toBe(wanted);
  });

  const running = (state: object, more: object = {}) => ({
    phase: "Running",
    containerStatuses: [
      { name: "main", ready: false, restartCount: 0, image: "i", imageID: "i", state, lastState: {}, ...more },
    ],
  });

  it.runIf(world.alone).each([
    ["has not started", { phase: "Pending" }, "Pending", "0/1"],
    ["was evicted", { phase: "Failed", reason: "Evicted" }, "Evicted", "0/1"],
    ["cannot pull its image", running({ waiting: { reason: "ImagePullBackOff" } }), "ImagePullBackOff", "0/1"],
    ["runs", running({ running: { startedAt: "2026-01-01T00:00:00Z" } }, { ready: true }), "Running", "1/1"],
    ["has ended well", running({ terminated: { exitCode: 0, reason: "Completed" } }), "Completed", "0/1"],
    ["has failed", running({ terminated: { exitCode: 1, reason: "Error" } }), "Error", "0/1"],
    ["was killed by a signal", running({ terminated: { exitCode: 137, signal: 9 } }), "Signal:9", "0/1"],
    ["ended without a reason", running({ terminated: { exitCode: 3 } }), "ExitCode:3", "0/1"],
  ])("B303 tells of a pod that %s", async (_, status, wanted, ready) => {
    const ns = await world.namespace();
    // Nobody starts a pod on a node that is not there.
    await world.api.make(`${ns.core}/pods`, pod("p", { nodeName: "no-such-node" }));
    expect((await world.api.patch(`${ns.core}/pods/p/status`, { status })).status).toBe(200);
    expect(await row(`${ns.core}/pods/p`)).toMatchObject({ Status: wanted, Ready: ready });
  });

  it.runIf(world.alone)("B303 tells how far the initialization of a pod is, and that it goes", async () => {
    const ns = await world.namespace();
    const init = { name: "init", image: "example.com/init:1" };
    await world.api.make(
      `${ns.core}/pods`,
      pod("p", { nodeName: "no-such-node", initContainers: [init, { ...init, name: "second" }] }),
    );
    const started = (name: string, state: object) => ({
      name,
      ready: false,
      restartCount: 0,
      image: "i",
      imageID: "i",
      lastState: {},
      state,
    });
    await world.api.patch(`${ns.core}/pods/p/status`, {
      status: {
        phase: "Pending",
        initContainerStatuses: [started("init", { terminated: { exitCode: 0 } }), started("second", { running: {} })],
      },
    });
    expect((await row(`${ns.core}/pods/p`))["Status"]).toBe("Init:1/2");
    await world.api.delete(`${ns.core}/pods/p`);
    expect((await row(`${ns.core}/pods/p`))["Status"]).toBe("Terminating");
  });

  it.runIf(world.alone)("B303 marks the rows of pods that have ended", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/pods`, pod("p", { nodeName: "no-such-node" }));
    await world.api.patch(`${ns.core}/pods/p/status`, { status: { phase: "Succeeded" } });
    const { rows } = await table(`${ns.core}/pods/p`);
    expect(rows[0].conditions).toMatchObject([{ type: "Completed", status: "True", reason: "Succeeded" }]);
  });

  it("B304 writes what is not there, ports and selectors as people know them", async () => {
    const ns = await world.namespace();
    const service = (name: string, spec: object) =>
      world.api.make(`${ns.core}/services`, { metadata: { name }, spec: spec as never });
    await service("plain", { ports: [{ port: 80 }] });
    expect(await row(`${ns.core}/services/plain`)).toMatchObject({
      "External-IP": "<none>",
      "Port(s)": "80/TCP",
      Selector: "<none>",
    });
    const balanced = await service("balanced", {
      type: "LoadBalancer",
      loadBalancerClass: "example.com/none",
      selector: { a: "b", c: "d" },
      ports: [{ port: 80 }],
    });
    expect(await row(`${ns.core}/services/balanced`)).toMatchObject({
      "External-IP": "<pending>",
      "Port(s)": `80:${balanced.spec.ports[0].nodePort}/TCP`,
      Selector: "a=b,c=d",
    });
    const ingress = (name: string, rules: readonly object[], tls?: readonly object[]) =>
      world.api.make(`${ns.path("networking.k8s.io/v1")}/ingresses`, {
        metadata: { name },
        spec: { rules, ...(tls ? { tls } : {}) } as never,
      });
    const backend = { service: { name: "s", port: { number: 80 } } };
    const http = { paths: [{ path: "/", pathType: "Prefix", backend }] };
    await ingress("any", [{ http }]);
    expect(await row(`${ns.path("networking.k8s.io/v1")}/ingresses/any`)).toMatchObject({ Hosts: "*", Ports: "80" });
    await ingress(
      "many",
      ["a", "b", "c", "d", "e"].map((host) => ({ host: `${host}.example.com`, http })),
      [{ hosts: ["a.example.com"], secretName: "s" }],
    );
    expect(await row(`${ns.path("networking.k8s.io/v1")}/ingresses/many`)).toMatchObject({
      Hosts: "a.example.com,b.example.com,c.example.com + 2 more...",
      Ports: "80, 443",
    });
    await world.api.make(`${ns.path("policy/v1")}/poddisruptionbudgets`, {
      metadata: { name: "b" },
      spec: { minAvailable: 1, selector: { matchLabels: { none: "such" } } },
    });
    expect(await row(`${ns.path("policy/v1")}/poddisruptionbudgets/b`)).toMatchObject({
      "Min Available": "1",
      "Max Unavailable": "N/A",
    });
  });

  it.runIf(world.ours)("B305 counts ages on the server, shortly", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.path("apps/v1")}/deployments`, deployment("d"));
    const age = async () => (await row(`${ns.path("apps/v1")}/deployments/d`))["Age"];
    expect(await age()).toBe("0s");
    await world.target.advance(5_000);
    expect(await age()).toBe("5s");
    await world.target.advance(187_000);
    expect(await age()).toBe("3m12s");
    await world.target.advance(52 * 3_600_000 - 192_000);
    expect(await age()).toBe("2d4h");
  });
});
