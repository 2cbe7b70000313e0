import { isDeepStrictEqual } from "node:util";
import {
  ApiError,
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  createVirtualClock,
  Deployment,
  Ingress,
  type Json,
  type KubeObject,
  NetworkPolicy,
  PodDisruptionBudget,
  type Resource,
  Role,
  RoleBinding,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
} from "@homeostat/api";
import { createDevCluster, type DevCluster, installResources } from "@homeostat/devcluster";
import { isChild } from "@homeostat/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { isGatewayOn } from "../src/api/monolithic/gateway-on.ts";
import { TempoMonolithic } from "../src/api/tempo-monolithic.ts";
import { TempoStack } from "../src/api/tempo-stack.ts";
import { defaultMonolithic } from "../src/defaults/default-monolithic.ts";
import { defaultStack } from "../src/defaults/default-stack.ts";
import { type InstanceInput, type Objects, unknownApiServer } from "../src/resources/input.ts";
import { monolithicObjects } from "../src/resources/monolithic/monolithic.ts";
import { stackObjects } from "../src/resources/stack/stack.ts";
import { communitySettings, type OperatorSettings, openshiftSettings } from "../src/settings/operator-settings.ts";
import {
  monolithicStorageRequest,
  resolveStorage,
  type StorageRequest,
  stackStorageRequest,
} from "../src/storage/resolve.ts";
import { validateMonolithic } from "../src/validation/validate-monolithic.ts";
import { validateStack } from "../src/validation/validate-stack.ts";
import { type JsonSchema, type OddResources, oddResources } from "./odd-resources.test-support.ts";

const seeds = Array.from({ length: 8 }, (_, at) => at * 12 + 1);
const perSeed = 12;

/** Kinds that every cluster has. */
const served: readonly Resource[] = [
  ...[ConfigMap, Secret, Service, ServiceAccount, Deployment, StatefulSet, PodDisruptionBudget, Ingress],
  ...[NetworkPolicy, Role, RoleBinding, ClusterRole, ClusterRoleBinding],
];

const tokenKey = JSON.stringify({
  type: "external_account",
  credential_source: { file: "/var/run/secrets/storage/serviceaccount/token" },
});
const secrets = {
  s3: [
    { bucket: "b", endpoint: "http://m:9000", access_key_id: "a", access_key_secret: "b" },
    { bucket: "b", region: "eu", role_arn: "arn" },
  ],
  azure: [
    { container: "c", account_name: "a", account_key: "k" },
    { container: "c", account_name: "a", client_id: "i", tenant_id: "t" },
  ],
  gcs: [
    { bucketname: "b", "key.json": "{}" },
    { bucketname: "b", "key.json": tokenKey },
  ],
} as const;

/** What came of a resource: objects, or that it was refused on its way. */
type Outcome = { readonly objects: Objects; readonly extra: Json | undefined } | "refused";

const namespace = "default";

describe("odd resources", () => {
  const clock = createVirtualClock();
  let cluster: DevCluster;

  beforeAll(async () => {
    cluster = await createDevCluster({ clock, random: () => 0.5, controllers: "none" });
    await installResources(cluster.client, clock, [TempoStack, TempoMonolithic]);
  });
  afterAll(() => cluster.stop());

  it.each(seeds)(
    "render to objects that an API server takes, or are refused: TempoStacks from seed %d",
    async (seed) => {
      expect(await judged(seed, stackOutcome)).toBeGreaterThan(0);
    },
  );

  it.each(seeds)(
    "render to objects that an API server takes, or are refused: TempoMonolithics from seed %d",
    async (seed) => {
      expect(await judged(seed, monolithicOutcome)).toBeGreaterThan(0);
    },
  );

  /** Judges the resources of some seeds. @returns how many of them came to objects */
  async function judged(seed: number, outcomeOf: (odd: OddResources) => Promise<Outcome>): Promise<number> {
    let rendered = 0;
    for (let at = seed; at < seed + perSeed; at++) {
      const outcome = await outcomeOf(oddResources(at)).catch((cause) => {
        throw new Error(`seed ${at}: ${cause.message}`, { cause });
      });
      if (outcome === "refused") continue;
      rendered++;
      for (const object of outcome.objects) await taken(at, isChild(object) ? object.object : object, outcome.extra);
    }
    return rendered;
  }

  async function stackOutcome(odd: OddResources): Promise<Outcome> {
    const { settings, name } = circumstances(odd);
    const given = await stored(odd, TempoStack, name);
    if (!given) return "refused";
    const { spec } = defaultStack(given, settings);
    await expect(cluster.client.create(TempoStack, { ...given, spec }, { dryRun: true })).resolves.toBeDefined();
    const storage = storageOf(odd, stackStorageRequest(spec), settings);
    const facts = { storage, serviceAccount: { found: {} } };
    const { errors } = validateStack({ stack: given, settings, facts });
    if (errors.length > 0 || !("params" in storage)) return "refused";
    const instance = instanceOf(name, settings, spec.tenants?.authentication);
    const input = { ...instance, spec, storage: storage.params, scaled: new Map() };
    return { objects: stackObjects(input), extra: spec.extraConfig?.tempo };
  }

  async function monolithicOutcome(odd: OddResources): Promise<Outcome> {
    const { settings, name } = circumstances(odd);
    const given = await stored(odd, TempoMonolithic, name);
    if (!given) return "refused";
    const { spec } = defaultMonolithic(given, settings);
    const wanted = monolithicStorageRequest(spec);
    const storage = "request" in wanted ? storageOf(odd, wanted.request, settings) : wanted;
    const facts = { storage, serviceAccount: { found: {} } };
    const { errors } = validateMonolithic({ monolithic: given, settings, facts });
    if (errors.length > 0 || !("params" in storage)) return "refused";
    const tenants = isGatewayOn(spec) ? spec.multitenancy?.authentication : [];
    const input = { ...instanceOf(name, settings, tenants), spec, storage: storage.params };
    return { objects: monolithicObjects(input), extra: spec.extraConfig?.tempo };
  }

  /** As an API server without webhooks would have it; undefined where the CRD refuses it. */
  async function stored<T extends KubeObject>(odd: OddResources, resource: Resource<T>, name: string) {
    const spec = odd.spec(schemaOf(resource), odd.pick([0.02, 0.05, 0.1, 0.2]));
    const { group, version, kind } = resource;
    const object = { apiVersion: `${group}/${version}`, kind, metadata: { name, namespace }, spec };
    try {
      return await cluster.client.create(resource, object as unknown as T, { dryRun: true });
    } catch (error) {
      if (error instanceof ApiError) return undefined;
      throw error;
    }
  }

  async function taken(seed: number, object: KubeObject, extra: Json | undefined): Promise<void> {
    const resource = served.find(({ kind }) => kind === object.kind);
    // Kinds of OpenShift and the like are not served here.
    if (!resource) return;
    const place = resource.scope === "Namespaced" ? { namespace } : {};
    const placed = { ...object, metadata: { ...object.metadata, ...place } };
    await cluster.client.apply(resource, placed, { dryRun: true, force: true }).catch((cause) => {
      throw new Error(`seed ${seed}: ${cause.message}`, { cause });
    });
    if (object.kind === "ConfigMap") expectReadable(object as ConfigMap, extra);
  }
});

function circumstances(odd: OddResources) {
  return {
    settings: { ...odd.pick([communitySettings, openshiftSettings]), roleArn: "arn:x", baseDomain: "example.org" },
    name: odd.pick(["odd", "a.b", `${"a.b-".repeat(7)}a.b`]),
  };
}

function storageOf(odd: OddResources, request: StorageRequest, settings: OperatorSettings) {
  const entries = Object.entries(odd.pick<object>(secrets[request.type]));
  const data = Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
  const secret: Secret = { metadata: { name: "store" }, data };
  return resolveStorage(
    request,
    { secret: { found: secret }, caConfigMap: { found: { data: { "ca.crt": "" } } } },
    settings,
  );
}

function instanceOf(
  name: string,
  settings: OperatorSettings,
  tenants: readonly { readonly tenantName: string }[] = [],
): InstanceInput {
  const known = { oidc: { clientID: "c" }, cookieSecret: "c".repeat(32) };
  return {
    name,
    namespace,
    settings,
    tenants: new Map(tenants.map(({ tenantName }) => [tenantName, known])),
    baseDomain: "example.org",
    apiServer: unknownApiServer,
    certificates: { objects: [], hash: "0" },
    referencesHash: "1",
  };
}

const schemaOf = (resource: Resource): JsonSchema => {
  const { crd } = resource as typeof TempoStack;
  const schema = crd().spec.versions[0]!.schema!.openAPIV3Schema as JsonSchema;
  return schema.properties!["spec"]!;
};

/** Every file is YAML, and Tempo's configuration says what extraConfig does. */
function expectReadable({ data = {} }: ConfigMap, extra: Json | undefined): void {
  for (const [file, text] of Object.entries(data)) {
    const read = file.endsWith(".yaml") ? parse(text) : undefined;
    if (file === "tempo.yaml" && extra) expect(holds(read, extra)).toBe(true);
  }
}

function holds(read: Json | undefined, extra: Json): boolean {
  if (typeof extra !== "object" || extra === null || Array.isArray(extra)) return isDeepStrictEqual(read, extra);
  const within = read as Readonly<Record<string, Json>> | undefined;
  return Object.entries(extra).every(([key, value]) => holds(within?.[key], value as Json));
}
