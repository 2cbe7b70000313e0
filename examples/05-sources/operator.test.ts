import { createHmac } from "node:crypto";
import { createVirtualClock } from "@homeostat/api";
import { createDevCluster, expectApplied, expectExists } from "@homeostat/devcluster";
import { expect, onTestFinished, test } from "vitest";
import { Mirror, mirrorOperator } from "./operator.ts";

/** A forge whose repository has a new revision, of which it says nothing. */
async function setUp() {
  const cluster = await createDevCluster({ clock: createVirtualClock(), controllers: "none" });
  onTestFinished(() => cluster.stop());
  let revision = "r1";
  const waiting: ((repository: string) => void)[] = [];
  const operator = mirrorOperator({
    revision: async () => revision,
    async *feed() {
      for (;;) yield await new Promise<string>((resolve) => waiting.push(resolve));
    },
    secret: "s3cret",
  });
  await cluster.run(operator);
  await expectApplied(
    cluster,
    Mirror.object({ metadata: { namespace: "default", name: "linux" }, spec: { repository: "linux" } }),
  );
  await expectRevision("r1");
  revision = "r2";

  function expectRevision(wanted: string, limitMs = 1_000) {
    const key = { namespace: "default", name: "linux" };
    return expectExists(cluster, Mirror, key, ({ status }) => status?.revision === wanted, { limitMs });
  }
  const call = (body: string, signature: string) =>
    operator.pushes.handle({
      method: "POST",
      path: "/hooks/push",
      headers: { "x-hub-signature-256": `sha256=${signature}` },
      body: Buffer.from(body),
    });
  const sign = (body: string) => createHmac("sha256", "s3cret").update(body).digest("hex");
  return { operator, expectRevision, tellFeed: (repository: string) => waiting.shift()!(repository), call, sign };
}

test("looks again when the feed tells of a repository", async () => {
  const { tellFeed, expectRevision } = await setUp();
  tellFeed("linux");
  await expectRevision("r2");
});

test("looks again when asked within the process", async () => {
  const { operator, expectRevision } = await setUp();
  await operator.requests.send("linux");
  await expectRevision("r2");
});

test("looks again when the forge calls, and refuses calls that are not signed", async () => {
  const { call, sign, expectRevision } = await setUp();
  const body = JSON.stringify({ repository: "linux" });
  expect(await call(body, "0".repeat(64))).toMatchObject({ status: 401 });
  await expectRevision("r1");
  expect(await call(body, sign(body))).toMatchObject({ status: 202 });
  await expectRevision("r2");
});

test("looks again within the hour when nobody has told it", async () => {
  const { expectRevision } = await setUp();
  await expectRevision("r2", 3_600_000 * 1.1 + 1_000);
});
