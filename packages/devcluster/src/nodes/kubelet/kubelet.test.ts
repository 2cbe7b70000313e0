import { ConfigMap, EventsV1Event, findCondition, isConditionTrue, Pod, Secret, type Stored } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, namespace, type World } from "../../workloads/world.test-support.ts";

let world: World;
afterEach(() => world.stop());

const pod = (name: string, spec: object = {}, behavior?: string): Pod => ({
  metadata: { name, ...(behavior === undefined ? {} : { annotations: { "dev.homeostat/behavior": behavior } }) },
  spec: { containers: [{ name: "app", image: "app:1" }], ...spec },
});

const ready = ({ status }: Stored<Pod>): boolean => isConditionTrue(status?.conditions, "Ready");
const waitingFor = ({ status }: Stored<Pod>) => status?.containerStatuses?.[0]?.state?.waiting?.reason;

describe("the kubelet", () => {
  it("brings a pod up step by step", async () => {
    world = await createWorld();
    const changes = await world.history(Pod);
    await world.create(Pod, pod("web"));
    const { status } = await world.until(Pod, "web", ready, "is ready");
    expect(status).toMatchObject({
      phase: "Running",
      hostIP: expect.stringMatching(/^10\.0\./),
      podIP: expect.stringMatching(/^10\.244\./),
    });
    expect(status?.containerStatuses?.[0]).toMatchObject({
      ready: true,
      started: true,
      restartCount: 0,
      containerID: expect.stringMatching(/^fake:\/\//),
    });
    for (const type of ["PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"]) {
      expect([type, isConditionTrue(status?.conditions, type)]).toEqual([type, true]);
    }
    const seen = changes.map(({ object: { spec, status: at } }) => [
      Boolean(spec?.nodeName),
      at?.phase,
      at?.containerStatuses?.[0]?.state?.waiting?.reason ?? "",
    ]);
    expect(seen).toEqual([
      [false, "Pending", ""],
      [true, "Pending", ""],
      [true, "Pending", "ContainerCreating"],
      [true, "Running", ""],
    ]);
    expect(await world.events("web")).toEqual(
      expect.arrayContaining([
        'Pulled Container image "app:1" already present on machine and can be accessed by the pod',
        "Created Container created",
        "Started Container started",
      ]),
    );
  });

  it("says that it pulls what is to be pulled each time", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web", { containers: [{ name: "app", image: "app" }] }));
    await world.until(Pod, "web", ready, "is ready");
    expect(await world.events("web")).toEqual(
      expect.arrayContaining([
        'Pulling Pulling image "app"',
        'Pulled Successfully pulled image "app" in 0s (0s including waiting). Image size: 0 bytes.',
      ]),
    );
  });

  it("runs init containers in order, keeps sidecars, and then starts the rest", async () => {
    world = await createWorld();
    const initContainers = [
      { name: "first", image: "app:1", command: ["sleep", "10"] },
      { name: "side", image: "app:1", restartPolicy: "Always" },
      { name: "second", image: "app:1", command: ["sleep", "10"] },
    ];
    const start = world.clock.now();
    await world.create(Pod, pod("web", { initContainers }));
    const first = await world.until(
      Pod,
      "web",
      ({ status }) => status?.initContainerStatuses?.[0]?.state?.running,
      "runs the first",
    );
    expect(first.status?.phase).toBe("Pending");
    expect(first.status?.initContainerStatuses?.[1]?.state?.waiting?.reason).toBe("PodInitializing");
    const up = await world.until(Pod, "web", ready, "is ready");
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(20_000);
    expect(up.status?.initContainerStatuses?.map(({ state }) => Object.keys(state ?? {})[0])).toEqual([
      "terminated",
      "running",
      "terminated",
    ]);
  });

  it("says which container an event is about", async () => {
    world = await createWorld();
    const initContainers = [
      { name: "first", image: "app:1" },
      { name: "side", image: "app:1", restartPolicy: "Always" },
    ];
    const { metadata } = await world.create(Pod, pod("web", { initContainers }));
    await world.until(Pod, "web", ready, "is ready");
    await world.client.delete(Pod, metadata);
    await world.clock.until(async () => (await world.find(Pod, "web")) === undefined, "the pod is gone");
    await world.clock.settle();
    const events = await world.list(EventsV1Event);
    const about = (reason: string) =>
      events.filter((event) => event.reason === reason).map(({ regarding, note }) => `${regarding?.fieldPath} ${note}`);
    expect(about("Started").toSorted()).toEqual([
      "spec.containers{app} Container started",
      "spec.initContainers{first} Container started",
      "spec.initContainers{side} Container started",
    ]);
    expect(about("Killing").toSorted()).toEqual([
      "spec.containers{app} Stopping container app",
      "spec.initContainers{side} Stopping container side",
    ]);
    expect(about("Scheduled")).toEqual([expect.stringMatching(/^undefined /)]);
  });

  it("calls init containers ready that are done, and names only those that are not", async () => {
    world = await createWorld();
    const initContainers = [
      { name: "first", image: "app:1" },
      { name: "second", image: "app:1", command: ["sleep", "10"] },
    ];
    await world.create(Pod, pod("web", { initContainers }));
    const started = await world.until(
      Pod,
      "web",
      ({ status }) => status?.initContainerStatuses?.[1]?.state?.running,
      "runs the second",
    );
    expect(started.status?.initContainerStatuses).toMatchObject([
      { name: "first", ready: true, started: false, state: { terminated: { exitCode: 0, reason: "Completed" } } },
      { name: "second", ready: false, started: true },
    ]);
    expect(findCondition(started.status?.conditions, "Initialized")).toMatchObject({
      status: "False",
      reason: "ContainersNotInitialized",
      message: "containers with incomplete status: [second]",
    });
    const up = await world.until(Pod, "web", ready, "is ready");
    expect(up.status?.initContainerStatuses?.map((each) => each.ready)).toEqual([true, true]);
  });

  it.each<[string, object, string]>([
    ["a request", { httpGet: { port: 80 } }, "HTTP probe failed with statuscode: 503"],
    ["a connection", { tcpSocket: { port: 80 } }, "dial tcp IP:80: connect: connection refused"],
    ["a call", { grpc: { port: 80 } }, 'service unhealthy (responded with "NOT_SERVING")'],
    ["a command", { exec: { command: ["test"] } }, ""],
  ])("says that the readiness probe by %s of a container fails that is not to get ready", async (_, probe, message) => {
    world = await createWorld();
    const containers = [{ name: "app", image: "app:1", readinessProbe: probe }];
    await world.create(Pod, pod("web", { containers }, "unready"));
    const { status } = await world.until(Pod, "web", (each) => each.status?.phase === "Running", "runs");
    expect(await world.events("web")).toContain(
      `Unhealthy Readiness probe failed: ${message.replace("IP", status!.podIP!)}`,
    );
  });

  it("ends a pod whose init container fails and is not started again", async () => {
    world = await createWorld();
    const initContainers = [{ name: "first", image: "app:1", command: ["false"] }];
    await world.create(Pod, pod("web", { initContainers, restartPolicy: "Never" }));
    const { status } = await world.until(Pod, "web", (each) => each.status?.phase === "Failed", "has failed");
    expect(status?.containerStatuses?.[0]?.state?.waiting).toBeDefined();
  });

  it("starts a crashing container again, each time after a longer wait", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web", {}, "crash"));
    const start = world.clock.now();
    const twice = await world.until(Pod, "web", (each) => waitingFor(each) === "CrashLoopBackOff", "backs off");
    expect(twice.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 1, reason: "Error" } },
    });
    expect(ready(twice)).toBe(false);
    const full = `web_${namespace}(${twice.metadata.uid})`;
    expect(twice.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(
      `back-off 10s restarting failed container=app pod=${full}`,
    );
    expect(await world.events("web")).toContain(`BackOff Back-off restarting failed container app in pod ${full}`);
    await world.until(
      Pod,
      "web",
      ({ status }) => status?.containerStatuses?.[0]?.restartCount === 4,
      "was started four times more",
    );
    // 10, 20 and 40 seconds.
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(69_000);
    expect((await world.get(Pod, "web")).status?.phase).toBe("Running");
  });

  it("says that an image is missing, and starts when another is set", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web", { containers: [{ name: "app", image: "app:404" }] }));
    await world.until(Pod, "web", (each) => waitingFor(each) === "ImagePullBackOff", "backs off");
    expect((await world.events("web")).some((event) => event.startsWith('Failed Failed to pull image "app:404"'))).toBe(
      true,
    );
    await world.client.patchStrategic(
      Pod,
      { namespace, name: "web" },
      { spec: { containers: [{ name: "app", image: "app:1" }] } },
    );
    await world.until(Pod, "web", ready, "is ready");
  });

  it.each<[string, object, string]>([
    [
      "a variable",
      {
        containers: [
          {
            name: "app",
            image: "app:1",
            env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "config", key: "a" } } }],
          },
        ],
      },
      'configmap "config" not found',
    ],
    [
      "all variables",
      { containers: [{ name: "app", image: "app:1", envFrom: [{ configMapRef: { name: "config" } }] }] },
      'configmap "config" not found',
    ],
  ])("waits for the ConfigMap of %s", async (_, spec, message) => {
    world = await createWorld();
    await world.create(Pod, pod("web", spec));
    const waiting = await world.until(Pod, "web", (each) => waitingFor(each) === "CreateContainerConfigError", "waits");
    expect(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(message);
    const before = world.clock.now();
    await world.create(ConfigMap, { metadata: { name: "config" }, data: { a: "1" } });
    await world.until(Pod, "web", ready, "is ready");
    expect(world.clock.now()).toBe(before);
  });

  it("waits for the Secret of a volume", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web", { volumes: [{ name: "keys", secret: { secretName: "keys" } }] }));
    await world.until(Pod, "web", (each) => waitingFor(each) === "ContainerCreating", "waits");
    expect(await world.events("web")).toContain(
      'FailedMount MountVolume.SetUp failed for volume "keys" : secret "keys" not found',
    );
    await world.create(Secret, { metadata: { name: "keys" } });
    await world.until(Pod, "web", ready, "is ready");
  });

  it("waits for readiness gates that others open", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web", { readinessGates: [{ conditionType: "example.com/balanced" }] }));
    const up = await world.until(
      Pod,
      "web",
      ({ status }) => isConditionTrue(status?.conditions, "ContainersReady"),
      "runs",
    );
    expect(findCondition(up.status?.conditions, "Ready")).toMatchObject({
      status: "False",
      reason: "ReadinessGatesNotReady",
      message: 'corresponding condition of pod readiness gate "example.com/balanced" does not exist.',
    });
    const conditions = [
      ...up.status!.conditions!.map((each) => ({ ...each })),
      { type: "example.com/balanced", status: "True" },
    ];
    await world.client.status.patchMerge(Pod, up.metadata, { status: { conditions } });
    const open = await world.until(Pod, "web", ready, "is ready");
    expect(isConditionTrue(open.status?.conditions, "example.com/balanced")).toBe(true);
  });

  it("makes a slow pod ready when its time has come", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web", {}, "slow=30s"));
    const up = await world.until(Pod, "web", ({ status }) => status?.phase === "Running", "runs");
    expect(ready(up)).toBe(false);
    const start = world.clock.now();
    await world.until(Pod, "web", ready, "is ready");
    expect(world.clock.now() - start).toBe(30_000);
  });

  it("ends a pod when all its containers have ended", async () => {
    world = await createWorld();
    const containers = [{ name: "app", image: "app:1", command: ["sh", "-c", "sleep 5; exit 3"] }];
    await world.create(Pod, pod("task", { containers, restartPolicy: "Never" }));
    const { status } = await world.until(Pod, "task", (each) => each.status?.phase === "Failed", "has failed");
    expect(status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 3, reason: "Error" });
    expect(findCondition(status?.conditions, "Ready")).toMatchObject({ status: "False", reason: "PodFailed" });
  });

  it("ends a pod that is active for longer than it may", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web", { activeDeadlineSeconds: 60 }));
    await world.until(Pod, "web", ready, "is ready");
    const start = world.clock.now();
    const { status } = await world.until(Pod, "web", (each) => each.status?.phase === "Failed", "has failed");
    expect(world.clock.now() - start).toBe(60_000);
    expect(status).toMatchObject({
      reason: "DeadlineExceeded",
      containerStatuses: [{ state: { terminated: { exitCode: 137 } } }],
    });
    expect(ready(await world.get(Pod, "web"))).toBe(false);
  });

  it("stops a pod that is deleted before it is gone", async () => {
    world = await createWorld();
    const { metadata } = await world.create(Pod, pod("web"));
    await world.until(Pod, "web", ready, "is ready");
    const changes = await world.history(Pod);
    await world.client.delete(Pod, metadata);
    await world.clock.until(async () => (await world.find(Pod, "web")) === undefined, "the pod is gone");
    expect(changes.map(({ type, object }) => [type, ready(object)])).toEqual([
      ["added", true],
      ["updated", true],
      ["updated", false],
      ["deleted", false],
    ]);
    expect(await world.events("web")).toContain("Killing Stopping container app");
  });

  it("leaves a stopped pod to those whose finalizers keep it", async () => {
    world = await createWorld();
    const { metadata } = await world.create(Pod, {
      ...pod("web"),
      metadata: { name: "web", finalizers: ["example.com/keep"] },
    });
    await world.until(Pod, "web", ready, "is ready");
    await world.client.delete(Pod, metadata);
    const kept = await world.until(Pod, "web", (each) => each.metadata.deletionGracePeriodSeconds === 0, "is stopped");
    expect(kept.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
    await world.client.patchMerge(Pod, metadata, { metadata: { finalizers: null } });
    await world.clock.until(async () => (await world.find(Pod, "web")) === undefined, "the pod is gone");
  });

  it("leaves pods to the test at manual speed, but for their end", async () => {
    world = await createWorld({ speed: "manual" });
    const { metadata } = await world.create(Pod, pod("web"));
    await world.until(Pod, "web", ({ spec }) => spec?.nodeName, "is on a node");
    await world.clock.advance(60_000);
    expect((await world.get(Pod, "web")).status?.containerStatuses).toBeUndefined();
    await world.client.delete(Pod, metadata);
    await world.clock.until(async () => (await world.find(Pod, "web")) === undefined, "the pod is gone");
  });

  it("takes its time at real speed", async () => {
    world = await createWorld({ speed: "real" });
    const start = world.clock.now();
    const { metadata } = await world.create(Pod, pod("web"));
    await world.until(Pod, "web", ready, "is ready");
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(1_000);
    const end = world.clock.now();
    await world.client.delete(Pod, metadata);
    await world.clock.until(async () => (await world.find(Pod, "web")) === undefined, "the pod is gone");
    expect(world.clock.now()).toBeGreaterThan(end);
  });
});
