import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ApiError,
  type KubeObject,
  MutatingWebhookConfiguration,
  systemClock,
  ValidatingWebhookConfiguration,
} from "@homeostat/api";
import { type Client, connect, createClient } from "@homeostat/runtime";
import { TempoStack } from "@homeostat/tempo";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fakeEnvironment } from "../environment.test-support.ts";
import { run } from "../program.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "homeostat-"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

/** What a user does while `up` runs, until it says what is wanted; then Ctrl-C. */
async function during<T>(wanted: RegExp, act: (client: Client) => Promise<T>, ...flags: string[]): Promise<T> {
  const environment = fakeEnvironment({ clock: systemClock, cwd });
  const ended = run(["up", "--port", "0", "--controllers", "none", ...flags], environment);
  await Promise.race([environment.stdout.says(wanted), ended]);
  const { transport } = connect({ kubeconfig: join(cwd, ".homeostat/kubeconfig") });
  try {
    return await act(createClient({ transport }));
  } finally {
    transport.close();
    environment.signal();
    expect([await ended, environment.stderr.text]).toEqual([0, ""]);
  }
}

const running = /operator tempo: runs/;
const ready = /ready at/;

/** An Ingress to a Jaeger UI that is not there. */
const bad = (name: string): TempoStack => ({
  metadata: { name, namespace: "default" },
  spec: {
    storage: { secret: { name: "minio-test", type: "s3" } },
    template: { queryFrontend: { jaegerQuery: { ingress: { type: "ingress" } } } },
  } as TempoStack["spec"],
});
const apply = (client: Client, stack: TempoStack) => client.apply(TempoStack, stack, { fieldManager: "kubectl" });

async function configurations(client: Client): Promise<string[]> {
  const lists = [await client.list(MutatingWebhookConfiguration), await client.list(ValidatingWebhookConfiguration)];
  return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name));
}

test("asks the operator's webhooks, until it stops", async () => {
  const flags = ["--operators", "tempo", "--data-dir", "data"];
  const { refusal, sample } = await during(
    running,
    async (client) => ({
      refusal: await apply(client, bad("refused")).then(
        () => expect.fail("the TempoStack was taken"),
        ({ status }: ApiError) => status,
      ),
      sample: await client.get(TempoStack, { namespace: "default", name: "simplest" }),
    }),
    ...flags,
  );
  expect(refusal).toMatchObject({ code: 422, reason: "Invalid" });
  expect(refusal.details?.causes?.map(({ field }) => field)).toEqual([
    "spec.template.queryFrontend.jaegerQuery.ingress.type",
  ]);
  expect(sample.spec).toMatchObject({ replicationFactor: 1, serviceAccount: "tempo-simplest" });

  await during(
    ready,
    async (client) => {
      expect(await configurations(client)).toEqual([]);
      await apply(client, bad("taken"));
    },
    ...["--operators", "none", "--data-dir", "data"],
  );
});

test("asks no webhooks that were left behind by a crash", async () => {
  const flags = ["--operators", "none", "--data-dir", "data"];
  await during(
    ready,
    async (client) => {
      await client.create(
        ValidatingWebhookConfiguration,
        deadWebhook("left", { "dev.homeostat/webhooks-of": "tempo" }),
      );
      await client.create(ValidatingWebhookConfiguration, deadWebhook("mine", { team: "a" }));
    },
    ...flags,
  );
  expect(await during(ready, configurations, ...flags)).toEqual(["mine"]);
});

test("leaves webhooks alone that somebody else has announced by that name", async () => {
  const name = "tempo-operator-validating-webhook-configuration";
  const theirs = deadWebhook(name, { team: "a" });
  await during(
    ready,
    (client) => client.create(ValidatingWebhookConfiguration, theirs),
    ...["--operators", "none", "--data-dir", "data"],
  );
  const flags = ["--no-sample", "--operators", "tempo", "--data-dir", "data"];
  const found = await during(running, (client) => client.get(ValidatingWebhookConfiguration, { name }), ...flags);
  expect(found).toMatchObject(theirs);
});

test("asks no webhooks when told so", async () => {
  const left = await during(
    running,
    async (client) => {
      await apply(client, bad("taken"));
      return configurations(client);
    },
    ...["--operators", "tempo", "--no-webhooks"],
  );
  expect(left).toEqual([]);
});

/** Nobody answers it, and it is asked about a kind that is not there. */
function deadWebhook(name: string, labels: Readonly<Record<string, string>>): KubeObject & { metadata: object } {
  const webhook = {
    name: "dead.example.com",
    clientConfig: { url: "https://127.0.0.1:1/validate" },
    rules: [{ apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["things"], operations: ["CREATE"] }],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
  };
  return { metadata: { name, labels }, webhooks: [webhook] } as KubeObject & { metadata: object };
}
