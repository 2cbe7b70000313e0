import { createVirtualClock } from "@homeostat/api";
import { createDevCluster, eventually, expectApplied, expectExists, expectGone } from "@homeostat/devcluster";
import { expect, onTestFinished, test } from "vitest";
import { Domain, dnsOperator } from "./operator.ts";

const key = { namespace: "default", name: "web" };
const domain = (host: string, address = "192.0.2.1") => Domain.object({ metadata: key, spec: { host, address } });

async function setUp() {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, controllers: "none" });
  onTestFinished(() => cluster.stop());
  const zone = new Map<string, string>();
  const manager = await cluster.run(dnsOperator(zone));
  return { clock, cluster, zone, manager };
}

test("publishes a record, repairs it within a minute, and takes it away with its object", async () => {
  const { clock, cluster, zone } = await setUp();
  await expectApplied(cluster, domain("web.example.com"));
  await eventually(cluster, () => expect([...zone]).toEqual([["web.example.com", "192.0.2.1"]]));
  zone.set("web.example.com", "198.51.100.66");
  await clock.advance(60_000);
  expect(zone.get("web.example.com")).toBe("192.0.2.1");
  await cluster.client.delete(Domain, key);
  await expectGone(cluster, Domain, key);
  expect([...zone]).toEqual([]);
});

test("leaves no record behind when the host changes", async () => {
  const { cluster, zone } = await setUp();
  await expectApplied(cluster, domain("old.example.com"));
  await expectExists(cluster, Domain, key, ({ status }) => status?.published === "old.example.com");
  await expectApplied(cluster, domain("new.example.com"));
  await eventually(cluster, () => expect([...zone.keys()]).toEqual(["new.example.com"]));
});

test("does not retry what only another spec can mend", async () => {
  const { clock, cluster, zone, manager } = await setUp();
  await expectApplied(cluster, domain("web.example.org"));
  await clock.advance(1_000);
  const tries = manager.ledger.entries();
  expect(tries[0]).toMatchObject({
    outcome: "terminal_error",
    error: "domain web: spec.host web.example.org is not below example.com",
  });
  await clock.advance(3_600_000);
  expect(manager.ledger.entries()).toEqual(tries);
  await expectApplied(cluster, domain("web.example.com"));
  await eventually(cluster, () => expect(zone.has("web.example.com")).toBe(true));
});
