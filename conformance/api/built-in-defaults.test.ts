import { expect, it } from "vitest";
import { deployment, pod } from "./objects.ts";
import { behaviours } from "./suite.ts";

/** What every template and pod gets. */
const podDefaults = {
  restartPolicy: "Always",
  dnsPolicy: "ClusterFirst",
  schedulerName: "default-scheduler",
  terminationGracePeriodSeconds: 30,
  securityContext: {},
};
const containerDefaults = {
  name: "main",
  image: "example.com/main:1",
  resources: {},
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  imagePullPolicy: "IfNotPresent",
};

behaviours("what built-in kinds are completed with", (world) => {
  /** The template's pod as the server keeps it. */
  const template = async (spec: object) => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.path("apps/v1")}/deployments`, {
      ...deployment("d", {
        template: {
          metadata: { labels: { app: "d" } },
          spec: { containers: [{ name: "main", image: "example.com/main:1" }], ...spec },
        },
      }),
    });
    return made.spec.template.spec;
  };

  it("B281 completes a pod template, and with nothing else", async () => {
    const spec = await template({
      containers: [{ name: "main", image: "example.com/main:1", ports: [{ containerPort: 80 }] }],
    });
    expect(spec).toEqual({
      ...podDefaults,
      containers: [{ ...containerDefaults, ports: [{ containerPort: 80, protocol: "TCP" }] }],
    });
  });

  it.each([
    ["example.com/a", "Always"],
    ["example.com/a:latest", "Always"],
    ["example.com/a:1", "IfNotPresent"],
    [`example.com/a@sha256:${"0".repeat(64)}`, "IfNotPresent"],
  ])("B281 pulls %s by the policy %s", async (image, policy) => {
    const spec = await template({ containers: [{ name: "main", image }] });
    expect(spec.containers[0].imagePullPolicy).toBe(policy);
  });

  it("B282 completes probes", async () => {
    const spec = await template({
      containers: [
        {
          name: "main",
          image: "example.com/main:1",
          livenessProbe: { httpGet: { port: 80 } },
          readinessProbe: { grpc: { port: 81 } },
          startupProbe: { tcpSocket: { port: "web" }, periodSeconds: 3 },
        },
      ],
    });
    const times = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
    expect(spec.containers[0]).toMatchObject({
      livenessProbe: { ...times, httpGet: { path: "/", port: 80, scheme: "HTTP" } },
      readinessProbe: { ...times, grpc: { port: 81, service: "" } },
      startupProbe: { ...times, periodSeconds: 3, tcpSocket: { port: "web" } },
    });
  });

  it("B283 completes volumes and references to fields", async () => {
    const spec = await template({
      containers: [
        {
          name: "main",
          image: "example.com/main:1",
          env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        },
      ],
      volumes: [
        { name: "a", secret: { secretName: "s" } },
        { name: "b", configMap: { name: "c" } },
        { name: "c", downwardAPI: { items: [{ path: "p", fieldRef: { fieldPath: "metadata.labels" } }] } },
        { name: "d", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
        { name: "e", hostPath: { path: "/tmp" } },
        { name: "f", emptyDir: {} },
        { name: "g" },
      ],
    });
    const fieldRef = (fieldPath: string) => ({ apiVersion: "v1", fieldPath });
    expect(spec.containers[0].env[0].valueFrom.fieldRef).toEqual(fieldRef("metadata.name"));
    expect(spec.volumes).toEqual([
      { name: "a", secret: { secretName: "s", defaultMode: 420 } },
      { name: "b", configMap: { name: "c", defaultMode: 420 } },
      {
        name: "c",
        downwardAPI: { items: [{ path: "p", fieldRef: fieldRef("metadata.labels") }], defaultMode: 420 },
      },
      {
        name: "d",
        projected: {
          sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 3600 } }],
          defaultMode: 420,
        },
      },
      { name: "e", hostPath: { path: "/tmp", type: "" } },
      { name: "f", emptyDir: {} },
      { name: "g", emptyDir: {} },
    ]);
  });

  it("B284 completes pods with more than templates", async () => {
    const ns = await world.namespace();
    const limited = {
      hostNetwork: true,
      serviceAccountName: "default",
      containers: [
        {
          name: "main",
          image: "example.com/main:1",
          ports: [{ containerPort: 8080 }],
          resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } },
        },
      ],
    };
    const made = await world.api.make(`${ns.core}/pods`, pod("p", limited));
    expect(made.spec).toMatchObject({
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
      priority: 0,
      serviceAccount: "default",
      containers: [
        {
          ports: [{ containerPort: 8080, hostPort: 8080 }],
          resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m", memory: "1Gi" } },
        },
      ],
      tolerations: ["not-ready", "unreachable"].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 300,
      })),
    });
    const inTemplate = await template(limited);
    expect(inTemplate.serviceAccount).toBe("default");
    expect(inTemplate.containers[0].resources.requests).toEqual({ cpu: "500m" });
    for (const field of ["enableServiceLinks", "preemptionPolicy", "priority", "tolerations"]) {
      expect(inTemplate).not.toHaveProperty(field);
    }
  });

  it.each([
    ["1000m", "1"],
    ["0.5", "500m"],
    ["1024Mi", "1Gi"],
    ["1e3", "1e3"],
    ["0.0001", "1m"],
    ["1500Mi", "1500Mi"],
    [2, "2"],
  ])("B285 keeps the quantity %s as %s", async (given, kept) => {
    const spec = await template({
      containers: [{ name: "main", image: "example.com/main:1", resources: { requests: { memory: given } } }],
    });
    expect(spec.containers[0].resources.requests).toEqual({ memory: kept });
  });

  it("B286 keeps times to the second, micro times to the sixth digit, and the type of a number or name", async () => {
    const ns = await world.namespace();
    const lease = await world.api.make(`${ns.path("coordination.k8s.io/v1")}/leases`, {
      metadata: { name: "l" },
      spec: { renewTime: "2026-01-02T03:04:05.123456+01:00" },
    });
    expect(lease.spec.renewTime).toBe("2026-01-02T02:04:05.123456Z");
    const event = await world.api.make(`${ns.core}/events`, {
      metadata: { name: "e" },
      involvedObject: { kind: "Pod", name: "p", namespace: ns.name },
      firstTimestamp: "2026-01-02T03:04:05.9+01:00",
    });
    expect(event.firstTimestamp).toBe("2026-01-02T02:04:05Z");
    const service = await world.api.make(`${ns.core}/services`, {
      metadata: { name: "s" },
      spec: {
        ports: [
          { name: "a", port: 80, targetPort: 8080 },
          { name: "b", port: 81, targetPort: "web" },
        ],
      },
    });
    expect(service.spec.ports.map((port: { targetPort: unknown }) => port.targetPort)).toEqual([8080, "web"]);
  });

  it("B287 completes a Service and gives it an address", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/services`;
    const made = await world.api.make(path, { metadata: { name: "a" }, spec: { ports: [{ port: 80 }] } });
    const { clusterIP } = made.spec;
    expect(clusterIP).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(made.spec).toEqual({
      type: "ClusterIP",
      sessionAffinity: "None",
      ports: [{ protocol: "TCP", port: 80, targetPort: 80 }],
      internalTrafficPolicy: "Cluster",
      ipFamilyPolicy: "SingleStack",
      ipFamilies: ["IPv4"],
      clusterIP,
      clusterIPs: [clusterIP],
    });
    const taken = await world.api.post(path, { metadata: { name: "b" }, spec: { clusterIP, ports: [{ port: 80 }] } });
    expect([taken.status, taken.body.details.causes[0].field]).toEqual([422, "spec.clusterIPs"]);
    const moved = await world.api.patch(`${path}/a`, { spec: { clusterIP: "10.0.0.200", clusterIPs: ["10.0.0.200"] } });
    expect(moved.status).toBe(422);
    await world.api.delete(`${path}/a`);
    const again = { metadata: { name: "b" }, spec: { clusterIP, ports: [{ port: 80 }] } };
    expect((await world.api.post(path, again)).status).toBe(201);
  });

  it("B287 gives ports of nodes, no address to what has no use for one, and nothing on a dry run", async () => {
    const ns = await world.namespace();
    const make = (name: string, spec: object) =>
      world.api.make(`${ns.core}/services`, { metadata: { name }, spec: spec as never });
    const balanced = await make("lb", { type: "LoadBalancer", ports: [{ port: 80 }] });
    const { nodePort } = balanced.spec.ports[0];
    expect(nodePort >= 30_000 && nodePort <= 32_767).toBe(true);
    expect(balanced.spec).toMatchObject({ externalTrafficPolicy: "Cluster", allocateLoadBalancerNodePorts: true });
    const named = await make("ext", { type: "ExternalName", externalName: "example.com" });
    expect(named.spec).toEqual({ type: "ExternalName", externalName: "example.com", sessionAffinity: "None" });
    const headless = await make("none", { clusterIP: "None", ports: [{ port: 80 }] });
    expect(headless.spec).toMatchObject({
      clusterIP: "None",
      clusterIPs: ["None"],
      ipFamilyPolicy: "RequireDualStack",
    });
    const dry = await world.api.post(`${ns.core}/services?dryRun=All`, {
      metadata: { name: "dry" },
      spec: { type: "NodePort", ports: [{ port: 80 }] },
    });
    expect(dry.status).toBe(201);
    const { clusterIP } = dry.body.spec;
    if (clusterIP) expect((await make("real", { clusterIP, ports: [{ port: 80 }] })).spec.clusterIP).toBe(clusterIP);
  });

  it("B288 keeps the addresses and ports that a PUT leaves out", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/services`;
    const service = { metadata: { name: "a" }, spec: { type: "LoadBalancer", ports: [{ port: 80 }] } };
    const made = await world.api.make(path, {
      ...service,
      spec: { ...service.spec, externalTrafficPolicy: "Local" },
    });
    expect(made.spec.healthCheckNodePort).toBeGreaterThanOrEqual(30_000);
    const put = await world.api.put(`${path}/a`, {
      ...service,
      spec: { ...service.spec, externalTrafficPolicy: "Local" },
    });
    expect([put.status, put.body.spec]).toEqual([200, made.spec]);
  });

  it("B289 completes the kinds that run pods", async () => {
    const ns = await world.namespace();
    const { selector, template: pods } = deployment("d")["spec"] as never as { selector: object; template: object };
    const make = async (plural: string, spec: object) =>
      (await world.api.make(`${ns.path("apps/v1")}/${plural}`, { metadata: { name: "d" }, spec: spec as never })).spec;
    expect(await make("deployments", { selector, template: pods })).toMatchObject({
      replicas: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    });
    expect(await make("replicasets", { selector, template: pods })).toMatchObject({ replicas: 1 });
    expect(await make("daemonsets", { selector, template: pods })).toMatchObject({
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      revisionHistoryLimit: 10,
    });
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    expect(await make("statefulsets", { selector, template: pods, volumeClaimTemplates: [claim] })).toMatchObject({
      replicas: 1,
      podManagementPolicy: "OrderedReady",
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      revisionHistoryLimit: 10,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      volumeClaimTemplates: [{ spec: { volumeMode: "Filesystem" }, status: { phase: "Pending" } }],
    });
  });

  it("B290 completes Jobs and CronJobs, and lets a Job find its pods", async () => {
    const ns = await world.namespace();
    const pods = {
      metadata: { labels: { app: "j" } },
      spec: { restartPolicy: "Never", containers: [{ name: "main", image: "example.com/main:1" }] },
    };
    const job = await world.api.make(`${ns.path("batch/v1")}/jobs`, {
      metadata: { name: "j" },
      spec: { template: pods },
    });
    const uid = job.metadata.uid as string;
    expect(job.spec).toMatchObject({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: "NonIndexed",
      suspend: false,
      podReplacementPolicy: "TerminatingOrFailed",
      selector: { matchLabels: { "batch.kubernetes.io/controller-uid": uid } },
      template: {
        metadata: {
          labels: {
            app: "j",
            "controller-uid": uid,
            "job-name": "j",
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": "j",
          },
        },
      },
    });
    expect(job.metadata.labels).toMatchObject({ app: "j" });
    const cron = await world.api.make(`${ns.path("batch/v1")}/cronjobs`, {
      metadata: { name: "c" },
      spec: { schedule: "*/5 * * * *", jobTemplate: { spec: { template: pods } } },
    });
    expect(cron.spec).toMatchObject({
      concurrencyPolicy: "Allow",
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
  });

  it("B292 keeps stringData of a Secret as data only", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/secrets`, {
      metadata: { name: "s" },
      data: { a: "b2xk", b: "Yg==" },
      stringData: { a: "new" },
    });
    expect([made.type, made.data, made.stringData]).toEqual(["Opaque", { a: "bmV3", b: "Yg==" }, undefined]);
  });

  it("B293 completes claims and volumes", async () => {
    const ns = await world.namespace();
    const claim = await world.api.make(`${ns.core}/persistentvolumeclaims`, {
      metadata: { name: "c" },
      spec: {
        storageClassName: "none-such",
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
      },
    });
    expect([claim.spec.volumeMode, claim.status.phase]).toEqual(["Filesystem", "Pending"]);
    const volume = await world.api.make("/api/v1/persistentvolumes", {
      metadata: { name: `${ns.name}-v` },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/tmp" } },
    });
    expect([volume.spec.persistentVolumeReclaimPolicy, volume.spec.volumeMode]).toEqual(["Retain", "Filesystem"]);
  });

  it("B294 completes policies, autoscalers, bindings, classes and webhooks", async () => {
    const ns = await world.namespace();
    const make = (path: string, body: object) => world.api.make(path, body as never);
    const policy = await make(`${ns.path("networking.k8s.io/v1")}/networkpolicies`, {
      metadata: { name: "n" },
      spec: { podSelector: {}, egress: [{}] },
    });
    expect(policy.spec.policyTypes).toEqual(["Ingress", "Egress"]);
    const scaler = await make(`${ns.path("autoscaling/v2")}/horizontalpodautoscalers`, {
      metadata: { name: "h" },
      spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" } },
    });
    expect(scaler.spec).toMatchObject({
      minReplicas: 1,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
      ],
    });
    const binding = await make(`${ns.path("rbac.authorization.k8s.io/v1")}/rolebindings`, {
      metadata: { name: "b" },
      roleRef: { kind: "ClusterRole", name: "view" },
      subjects: [
        { kind: "User", name: "jane" },
        { kind: "ServiceAccount", name: "sa", namespace: ns.name },
      ],
    });
    expect(binding.roleRef.apiGroup).toBe("rbac.authorization.k8s.io");
    expect(binding.subjects).toEqual([
      { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "jane" },
      { kind: "ServiceAccount", name: "sa", namespace: ns.name },
    ]);
    const storage = await make("/apis/storage.k8s.io/v1/storageclasses", {
      metadata: { name: `${ns.name}-class` },
      provisioner: "example.com/p",
    });
    expect([storage.reclaimPolicy, storage.volumeBindingMode]).toEqual(["Delete", "Immediate"]);
    const priority = await make("/apis/scheduling.k8s.io/v1/priorityclasses", {
      metadata: { name: `${ns.name}-priority` },
      value: 5,
    });
    expect(priority.preemptionPolicy).toBe("PreemptLowerPriority");
    const hooks = await make("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", {
      metadata: { name: `${ns.name}-hooks` },
      webhooks: [
        {
          name: "a.example.com",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
          clientConfig: { service: { namespace: "no-such", name: "hook" } },
          rules: [
            { apiGroups: ["none.example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nothings"] },
          ],
        },
      ],
    });
    expect(hooks.webhooks[0]).toMatchObject({
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      timeoutSeconds: 10,
      namespaceSelector: {},
      objectSelector: {},
      reinvocationPolicy: "Never",
      rules: [{ scope: "*" }],
      clientConfig: { service: { port: 443 } },
    });
  });

  it("B300 forgets what is empty and optional, and keeps what has no pointer", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.path("apps/v1")}/deployments`, {
      ...deployment("d", {
        template: {
          metadata: { labels: { app: "d" }, annotations: {}, creationTimestamp: null },
          spec: {
            nodeSelector: {},
            tolerations: [],
            hostname: "",
            containers: [{ name: "main", image: "example.com/main:1", env: [], args: [], command: [] }],
          },
        },
      }),
    } as never);
    expect(made.spec.template).toEqual({
      metadata: { labels: { app: "d" } },
      spec: { ...podDefaults, containers: [containerDefaults] },
    });
    expect(made.status).toEqual({});
    const empty = await world.api.make(`${ns.core}/configmaps`, {
      metadata: { name: "c", annotations: {}, labels: {}, finalizers: [] },
      data: {},
    });
    expect(Object.keys(empty).toSorted()).toEqual(["apiVersion", "kind", "metadata"]);
    for (const field of ["annotations", "labels", "finalizers"]) expect(empty.metadata).not.toHaveProperty(field);
  });
});
