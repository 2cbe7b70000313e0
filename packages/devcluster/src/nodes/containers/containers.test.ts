import { Pod, type Transport } from "@homeostat/api";
import { expect, test } from "vitest";
import { eventually } from "../../kit/expect.ts";
import { startCluster } from "../../kit/with-cluster.test-support.ts";

const key = { namespace: "default", name: "p" };

const podWith = (command: readonly string[], restartPolicy = "Always") => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { ...key, annotations: {} },
  spec: { restartPolicy, containers: [{ name: "main", image: "main:1", command }] },
});

async function get(transport: Transport, query = "") {
  const response = await transport({ method: "GET", path: `/api/v1/namespaces/default/pods/p/log${query}` });
  const text = Buffer.from(await response.bytes()).toString();
  return { status: response.status, text };
}

async function started(command: readonly string[], restartPolicy?: string) {
  const cluster = await startCluster();
  await cluster.client.create(Pod, podWith(command, restartPolicy) as never);
  await eventually(cluster, async () => {
    const pod = await cluster.client.get(Pod, key);
    expect(pod.status?.containerStatuses?.[0]?.state?.waiting).toBeUndefined();
    expect(pod.status?.containerStatuses).toHaveLength(1);
  });
  return { cluster, log: (query?: string) => get(cluster.transport(), query) };
}

test("a log grows with the time of the cluster, and can be had in part", async () => {
  const { cluster, log } = await started(["sh", "-c", "echo one; sleep 10; echo two; sleep infinity"]);
  expect(await log()).toEqual({ status: 200, text: "one\n" });
  await cluster.clock.advance(11_000);
  expect((await log()).text).toBe("one\ntwo\n");
  expect((await log("?tailLines=1")).text).toBe("two\n");
  expect((await log("?tailLines=0")).text).toBe("");
  expect((await log("?sinceSeconds=5")).text).toBe("two\n");
  expect((await log("?limitBytes=5")).text).toBe("one\nt");
  expect((await log("?timestamps=true&tailLines=1")).text).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]{8,}\d{9}Z two\n$/);
});

test("a log that is followed ends with its container", async () => {
  const { cluster, log } = await started(["sh", "-c", "echo one; sleep 10; echo two; sleep 1; exit 1"], "Never");
  const followed = log("?follow=true");
  await cluster.clock.advance(15_000);
  expect(await followed).toEqual({ status: 200, text: "one\ntwo\n" });
});

test("a log that is followed ends when its pod is deleted", async () => {
  const { cluster, log } = await started(["sh", "-c", "echo one; sleep infinity"]);
  const followed = log("?follow=true");
  await cluster.client.delete(Pod, key, { gracePeriodSeconds: 0 });
  await cluster.clock.advance(2_000);
  expect((await followed).text).toBe("one\n");
});

test.for([
  ["?tailLines=-1", "tailLines: Invalid value"],
  ["?sinceSeconds=0", "sinceSeconds: Invalid value"],
  ["?sinceTime=yesterday", "sinceTime: must be a time"],
  ["?sinceSeconds=1&sinceTime=2026-01-02T15:04:05Z", "at most one of sinceTime or sinceSeconds"],
] as const)("a log cannot be asked for with %s", async ([query, message]) => {
  const { log } = await started(["sleep", "infinity"]);
  const { status, text } = await log(query);
  expect([status, JSON.parse(text).message.includes(message)]).toEqual([422, true]);
});

test("a container that waits for its image has no log", async () => {
  const cluster = await startCluster();
  await cluster.client.create(Pod, {
    ...podWith([]),
    spec: { containers: [{ name: "main", image: "main:non-existent" }] },
  } as never);
  await eventually(cluster, async () => {
    expect((await cluster.client.get(Pod, key)).status?.containerStatuses?.[0]?.state?.waiting?.reason).toMatch(
      /Image/,
    );
  });
  const { status, text } = await get(cluster.transport());
  expect(status).toBe(400);
  expect(JSON.parse(text).message).toMatch(/^container "main" in pod "p" is waiting to start: \w*Image\w*/);
});

test("containers are given by others where the options say so", async () => {
  const cluster = await startCluster({ podLogs: () => Buffer.from("mine") });
  await cluster.client.create(Pod, podWith([]) as never);
  expect((await get(cluster.transport())).text).toBe("mine");
});
