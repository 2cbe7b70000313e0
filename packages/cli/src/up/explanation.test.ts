import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deployment, systemClock } from "@homeostat/api";
import { connect, createClient } from "@homeostat/runtime";
import { expect, onTestFinished, test } from "vitest";
import { fakeEnvironment } from "../environment.test-support.ts";
import { run } from "../program.ts";

/** What `why` answers about a Deployment that nobody ever had anything to do with. */
async function askOfPlain(operators: string): Promise<{ code: number; out: string; err: string }> {
  const cwd = await mkdtemp(join(tmpdir(), "homeostat-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const cluster = fakeEnvironment({ clock: systemClock, cwd });
  const ended = run(["up", "--port", "0", "--controllers", "none", "--operators", operators], cluster);
  await Promise.race([
    cluster.stdout.says(operators === "none" ? /ready at/ : /object ReloaderConfig default\/shop/),
    ended,
  ]);
  const { transport } = connect({ kubeconfig: join(cwd, ".homeostat/kubeconfig") });
  const template = { metadata: { labels: { app: "plain" } }, spec: { containers: [{ name: "main", image: "web" }] } };
  await createClient({ transport }).create(Deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "plain", namespace: "default" },
    spec: { selector: { matchLabels: { app: "plain" } }, template },
  });
  await transport.close();
  const asking = fakeEnvironment({ clock: systemClock, cwd });
  const code = await run(["why", "deploy/plain"], asking);
  cluster.signal();
  expect(await ended).toBe(0);
  return { code, out: asking.stdout.text, err: asking.stderr.text };
}

test("why tells of a workload that nothing asks to reload how to ask, where the reloader runs", async () => {
  const { code, out, err } = await askOfPlain("reloader");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("what rolls Deployment default/plain:");
  expect(out).toContain("nothing asks to roll it");
});

test("why says that nothing is remembered where no reloader is", async () => {
  const { code, err } = await askOfPlain("none");
  expect(code).toBe(1);
  expect(err).toContain("nothing is remembered about deploy default/plain");
});
