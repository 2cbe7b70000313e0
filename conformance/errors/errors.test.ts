import { writeFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import type { JsonObject, Status, Transport, TransportRequest } from "@homeostat/api";
import { createDevCluster, type DevCluster, installResources } from "@homeostat/devcluster";
import { connect, type ServerConnection } from "@homeostat/runtime";
import { WebApp } from "@homeostat/webapp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";

interface Refusal {
  readonly title: string;
  readonly request: TransportRequest;
  readonly code: number;
  readonly reason: string;
  readonly message: RegExp;
  /** `field: reason` of each cause. Default: not looked at. */
  readonly causes?: readonly string[];
}

const configMaps = "/api/v1/namespaces/default/configmaps";
const webApps = "/apis/apps.example.com/v1/namespaces/default/webapps";
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const deployments = "/apis/apps/v1/namespaces/default/deployments";

const json = { "content-type": "application/json" };
const yaml = { "content-type": "application/yaml" };

const post = (path: string, body: unknown, headers: Record<string, string> = json): TransportRequest => ({
  method: "POST",
  path,
  headers,
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const put = (path: string, body: unknown): TransportRequest => ({ ...post(path, body), method: "PUT" });
const patch = (path: string, body: unknown, type = "merge-patch+json"): TransportRequest => ({
  ...post(path, body, { "content-type": `application/${type}` }),
  method: "PATCH",
});

const configMap = (extra: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "new" },
  ...extra,
});
const webApp = (spec: object, extra: object = {}): object => ({
  apiVersion: "apps.example.com/v1",
  kind: "WebApp",
  metadata: { name: "new" },
  spec,
  ...extra,
});
const deployment = (spec: object): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "new" },
  spec: {
    selector: { matchLabels: { app: "new" } },
    template: { metadata: { labels: { app: "new" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    ...spec,
  },
});
const definition = (schema: object | undefined, name = "gadgets.example.com", version: object = {}): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name },
  spec: {
    group: "example.com",
    names: { plural: "gadgets", kind: "Gadget" },
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        ...(schema ? { schema: { openAPIV3Schema: schema } } : {}),
        ...version,
      },
    ],
  },
});
const strict = (path: string): string => `${path}?fieldValidation=Strict`;

const malformed: readonly Refusal[] = [
  {
    title: "JSON that ends too early",
    request: post(configMaps, '{"apiVersion":"v1","kind":"ConfigMap"'),
    code: 400,
    reason: "BadRequest",
    message: /not valid JSON/,
  },
  {
    title: "JSON of a custom kind that ends too early",
    request: post(webApps, '{"apiVersion":"apps.example.com/v1","kind":'),
    code: 400,
    reason: "BadRequest",
    message: /not valid JSON: the end where a value is expected/,
  },
  {
    title: "malformed YAML",
    request: post(configMaps, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [new\n", yaml),
    code: 400,
    reason: "BadRequest",
    message: /yaml/i,
  },
  {
    title: "a body that is no object",
    request: post(configMaps, '"text"'),
    code: 400,
    reason: "BadRequest",
    message: /must be an object, not a string/,
  },
  {
    title: "an object of another kind than the address says",
    request: post(configMaps, { apiVersion: "v1", kind: "Secret", metadata: { name: "new" } }),
    code: 400,
    reason: "BadRequest",
    message: /Secret/,
  },
  {
    title: "a media type nobody knows",
    request: post(configMaps, "name=new", { "content-type": "application/x-www-form-urlencoded" }),
    code: 415,
    reason: "UnsupportedMediaType",
    message: /application\/json/,
  },
  {
    title: "a body larger than the server takes",
    request: post(configMaps, configMap({ data: { large: "x".repeat(4 * 1024 * 1024) } })),
    code: 413,
    reason: "RequestEntityTooLarge",
    message: /limit/,
  },
];

const strictlyWrong: readonly Refusal[] = [
  {
    title: "an unknown field of a built-in kind",
    request: post(strict(configMaps), configMap({ datta: { a: "1" } })),
    code: 400,
    reason: "BadRequest",
    message: /strict decoding error: unknown field "datta"/,
  },
  {
    title: "an unknown field of a custom kind",
    request: post(strict(webApps), webApp({ message: "hi", replica: 1 })),
    code: 400,
    reason: "BadRequest",
    message: /strict decoding error: unknown field "spec.replica"/,
  },
  {
    title: "a field that is there twice",
    request: post(
      strict(configMaps),
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"new"},"data":{"a":"1","a":"2"}}',
    ),
    code: 400,
    reason: "BadRequest",
    message: /duplicate field "data.a"/,
  },
];

const invalid: readonly Refusal[] = [
  {
    title: "a wrong type in a built-in kind, naming the field",
    request: post(deployments, deployment({ replicas: "three" })),
    code: 400,
    reason: "BadRequest",
    message: /cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32/,
  },
  {
    title: "a wrong type in a custom kind",
    request: post(webApps, webApp({ message: "hi", replicas: "three" })),
    code: 422,
    reason: "Invalid",
    message: /spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"/,
    causes: ["spec.replicas: FieldValueTypeInvalid"],
  },
  {
    title: "a custom object without a field it needs",
    request: post(webApps, webApp({ replicas: 1 })),
    code: 422,
    reason: "Invalid",
    message: /spec.message: Required value/,
    causes: ["spec.message: FieldValueRequired"],
  },
  {
    title: "a Deployment whose selector does not match its pods, and that has no containers",
    request: post(
      deployments,
      deployment({ template: { metadata: { labels: { app: "old" } }, spec: { containers: [] } } }),
    ),
    code: 422,
    reason: "Invalid",
    message: /Deployment.apps "new" is invalid/,
    causes: ["spec.template.metadata.labels: FieldValueInvalid", "spec.template.spec.containers: FieldValueRequired"],
  },
  {
    title: "a Service with a port out of range",
    request: post("/api/v1/namespaces/default/services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "new" },
      spec: { ports: [{ port: 70_000 }] },
    }),
    code: 422,
    reason: "Invalid",
    message: /spec.ports\[0\].port: Invalid value: 70000/,
    causes: ["spec.ports[0].port: FieldValueInvalid", "spec.ports[0].targetPort: FieldValueInvalid"],
  },
  {
    title: "a name that is none",
    request: post(configMaps, configMap({ metadata: { name: "Not_A_Name" } })),
    code: 422,
    reason: "Invalid",
    message: /metadata.name: Invalid value: "Not_A_Name"/,
    causes: ["metadata.name: FieldValueInvalid"],
  },
  {
    title: "a definition without a schema",
    request: post(definitions, definition(undefined)),
    code: 422,
    reason: "Invalid",
    message: /schemas are required/,
    causes: ["spec.versions[0].schema.openAPIV3Schema: FieldValueRequired"],
  },
  {
    title: "a definition with a schema that is not structural",
    request: post(
      definitions,
      definition({ type: "object", properties: { spec: { properties: { a: { type: "string" } } } } }),
    ),
    code: 422,
    reason: "Invalid",
    message: /must not be empty for specified object fields/,
    causes: ["spec.versions[0].schema.openAPIV3Schema.properties[spec].type: FieldValueRequired"],
  },
  {
    title: "a definition whose name does not follow from its group and plural",
    request: post(definitions, definition({ type: "object" }, "things.example.com")),
    code: 422,
    reason: "Invalid",
    message: /must be spec.names.plural\+"."\+spec.group/,
    causes: ["metadata.name: FieldValueInvalid"],
  },
  {
    title: "a definition that stores no version",
    request: post(definitions, definition({ type: "object" }, "gadgets.example.com", { storage: false })),
    code: 422,
    reason: "Invalid",
    message: /exactly one version/,
  },
];

const misdirected: readonly Refusal[] = [
  {
    title: "an object that is not there",
    request: { method: "GET", path: `${webApps}/nobody` },
    code: 404,
    reason: "NotFound",
    message: /^webapps.apps.example.com "nobody" not found$/,
  },
  {
    title: "a verb the address does not know",
    request: post(`${configMaps}/kept`, configMap()),
    code: 405,
    reason: "MethodNotAllowed",
    message: /^create is not supported on resources of kind "configmaps"$/,
  },
  {
    title: "a namespace that is not there",
    request: post("/api/v1/namespaces/nowhere/configmaps", configMap()),
    code: 404,
    reason: "NotFound",
    message: /namespaces "nowhere" not found/,
  },
  {
    title: "a second object of the same name",
    request: post(configMaps, configMap({ metadata: { name: "kept" } })),
    code: 409,
    reason: "AlreadyExists",
    message: /^configmaps "kept" already exists$/,
  },
  {
    title: "a replacement with an old resourceVersion",
    request: put(
      `${configMaps}/kept`,
      configMap({ metadata: { name: "kept", resourceVersion: "1" }, data: { a: "2" } }),
    ),
    code: 409,
    reason: "Conflict",
    message: /the object has been modified; please apply your changes to the latest version and try again/,
  },
  {
    title: "a patch with an old resourceVersion",
    request: patch(`${webApps}/kept`, { metadata: { resourceVersion: "1" }, spec: { message: "changed" } }),
    code: 409,
    reason: "Conflict",
    message: /the object has been modified/,
  },
  {
    title: "a JSON patch whose test fails",
    request: patch(`${configMaps}/kept`, [{ op: "test", path: "/data/a", value: "other" }], "json-patch+json"),
    code: 422,
    reason: "Invalid",
    message: /test operation does not apply at "\/data\/a"/,
  },
  {
    title: "a strategic merge patch of a custom kind",
    request: patch(`${webApps}/kept`, { spec: { message: "changed" } }, "strategic-merge-patch+json"),
    code: 415,
    reason: "UnsupportedMediaType",
    message: /accepted media types include: application\/json-patch\+json, application\/merge-patch\+json/,
  },
];

describe("over TLS, the server refuses", () => {
  let directory: TemporaryDirectory;
  let cluster: DevCluster;
  let connection: ServerConnection;
  let kubeconfig: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    cluster = await createDevCluster({ controllers: "none" });
    await installResources(cluster.client, cluster.clock, [WebApp]);
    kubeconfig = (await cluster.listen()).kubeconfig();
    const file = join(directory.path, "kubeconfig");
    await writeFile(file, kubeconfig);
    connection = connect({ kubeconfig: file });
    await send(connection.transport, post(configMaps, configMap({ metadata: { name: "kept" }, data: { a: "1" } })));
    await send(connection.transport, post(webApps, webApp({ message: "kept" }, { metadata: { name: "kept" } })));
  });
  afterAll(async () => {
    connection?.transport.close();
    await cluster?.stop();
    await directory?.[Symbol.asyncDispose]();
  });

  /** Counts every write of the server: the revision a list was made at. */
  async function revision(): Promise<string> {
    const { body } = await send(connection.transport, { method: "GET", path: configMaps });
    return (body["metadata"] as { resourceVersion: string }).resourceVersion;
  }

  test.for([...malformed, ...strictlyWrong, ...invalid, ...misdirected])("$title: $code $reason", async (refusal) => {
    const before = await revision();
    const { code, body } = await send(connection.transport, refusal.request);
    const status = body as unknown as Status;
    expect(status).toMatchObject({
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      code: refusal.code,
      reason: refusal.reason,
      message: expect.stringMatching(refusal.message),
    });
    expect(code).toBe(refusal.code);
    if (refusal.causes) {
      expect(status.details?.causes?.map(({ field, reason }) => `${field}: ${reason}`)).toEqual(refusal.causes);
    }
    expect(await revision()).toBe(before);
  });

  test("an address that is not served, in plain text, as upstream", async () => {
    const response = await connection.transport({ method: "GET", path: "/apis/example.com/v1/unicorns" });
    expect([response.status, new TextDecoder().decode(await response.bytes())]).toEqual([404, "404 page not found\n"]);
  });

  test("nobody without credentials, or with wrong ones, and tells them apart", async () => {
    const before = await revision();
    const anonymous = await withoutCertificate(kubeconfig, { path: configMaps });
    expect(anonymous).toMatchObject({ code: 403, reason: "Forbidden" });
    expect(anonymous.message).toBe(
      'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
    );
    const forged = await withoutCertificate(kubeconfig, {
      path: configMaps,
      headers: { authorization: "Bearer forged" },
    });
    expect(forged).toMatchObject({ code: 401, reason: "Unauthorized", status: "Failure" });
    expect(await withoutCertificate(kubeconfig, { path: `${configMaps}/kept`, method: "DELETE" })).toMatchObject({
      code: 403,
    });
    expect(await revision()).toBe(before);
  });

  test("no unknown field when asked to warn or to ignore: it is dropped, with a warning or without", async () => {
    const make = (name: string, how: string) =>
      send(
        connection.transport,
        post(`${webApps}?fieldValidation=${how}`, webApp({ message: "hi", replica: 1 }, { metadata: { name } })),
      );
    const warned = await make("warned", "Warn");
    expect([warned.code, warned.warning]).toEqual([201, '299 - "unknown field \\"spec.replica\\""']);
    const ignored = await make("ignored", "Ignore");
    expect([ignored.code, ignored.warning]).toEqual([201, undefined]);
    for (const { body } of [warned, ignored]) expect(body["spec"]).toEqual({ message: "hi", replicas: 1 });
  });
});

interface Answer {
  readonly code: number;
  readonly warning: string | undefined;
  readonly body: JsonObject;
}

async function send(transport: Transport, request: TransportRequest): Promise<Answer> {
  const response = await transport(request);
  const text = new TextDecoder().decode(await response.bytes());
  return { code: response.status, warning: response.headers["warning"], body: JSON.parse(text) };
}

/** A request that trusts the server and shows it no certificate. */
function withoutCertificate(
  kubeconfig: string,
  options: { readonly path: string; readonly method?: string; readonly headers?: Record<string, string> },
): Promise<Status> {
  const server = /server: "?(https:[^"\s]+)/.exec(kubeconfig)![1]!;
  const authority = /certificate-authority-data: "?([^"\s]+)/.exec(kubeconfig)![1]!;
  const { path, ...rest } = options;
  return new Promise((resolve, reject) => {
    const request = httpsRequest(new URL(path, server), {
      ...rest,
      ca: Buffer.from(authority, "base64"),
      agent: false,
    });
    request.on("error", reject).on("response", async (response) => {
      const chunks = await response.toArray();
      resolve(JSON.parse(Buffer.concat(chunks).toString()));
    });
    request.end();
  });
}
