import type { JsonObject } from "@homeostat/api";
import type { Lookup } from "../builtins/admission/lookup.ts";
import { strings, struct, structs, text } from "../builtins/json-fields.ts";
import type { OpenapiDocument } from "../openapi/document.ts";
import type { Availability, OpenapiElsewhere } from "./aggregation.ts";
import { remoteUserHeaders } from "./front-proxy.ts";
import { readAnswer, type ServiceClient } from "./service-client.ts";

/** What a round of questions to another server came to. */
export interface Findings {
  readonly availability: Availability;
  /** Undefined where it is not available. */
  readonly resources: readonly JsonObject[] | undefined;
  readonly openapi: OpenapiElsewhere | undefined;
}

export interface AskOptions {
  readonly client: ServiceClient;
  readonly lookup: Lookup;
  readonly group: string;
  readonly version: string;
  readonly signal: AbortSignal;
}

/** As whom the server asks for itself. Source: kube-aggregator, status/remote. */
const asker = { username: "system:kube-aggregator", groups: ["system:masters"] };
const maxAnswerBytes = 32 << 20;

/**
 * Asks a server whether it is there and what it serves. Source: kube-aggregator, `AvailableConditionController`, and its
 * discovery and OpenAPI aggregators.
 *
 * @param previous what is known of its OpenAPI document, which is fetched anew only when its hash changes
 */
export async function askService(options: AskOptions, previous: OpenapiElsewhere | undefined): Promise<Findings> {
  const { client, group, version, signal } = options;
  const missing = await missingParts(options);
  if (missing) return { availability: missing, resources: undefined, openapi: undefined };
  const path = `/apis/${group}/${version}`;
  const url = `https://${client.host}${path}`;
  const failed = (why: string): Findings => ({
    availability: no("FailedDiscoveryCheck", `failing or missing response from ${url}: ${why}`),
    resources: undefined,
    openapi: undefined,
  });
  let list: JsonObject;
  try {
    const { status, body } = await get(client, path, signal);
    if (status < 200 || status > 299) return failed(`bad status from ${url}: ${status}`);
    list = JSON.parse(Buffer.from(body).toString()) as JsonObject;
  } catch (error) {
    return failed(`Get ${JSON.stringify(url)}: ${(error as Error).message}`);
  }
  return {
    availability: { status: "True", reason: "Passed", message: "all checks passed" },
    resources: discoveredResources(list, { group, version }),
    openapi: await openapiOf(options, previous).catch(() => undefined),
  };
}

const no = (reason: string, message: string): Availability => ({ status: "False", reason, message });

/** Why there is no way to the service; undefined where there is one. */
async function missingParts({ client, lookup }: AskOptions): Promise<Availability | undefined> {
  try {
    await client.resolve();
    return undefined;
  } catch (error) {
    const { namespace, name, port } = client.service;
    const where = `service/${name} in ${JSON.stringify(namespace)}`;
    const service = await lookup.get("", "services", name, namespace);
    if (!service) return no("ServiceNotFound", `${where} is not present`);
    const ports = structs(struct(service, "spec"), "ports");
    const wanted = ports.find((each) => each["port"] === port);
    if (!wanted) return no("ServicePortError", `${where} is not listening on port ${port}`);
    const slices = await lookup.list("discovery.k8s.io", "endpointslices", namespace);
    const own = slices.filter(
      (slice) => text(struct(struct(slice, "metadata"), "labels"), "kubernetes.io/service-name") === name,
    );
    if (own.length === 0) return no("EndpointsNotFound", `cannot find endpointslices for ${where}`);
    const portName = JSON.stringify(text(wanted, "name"));
    if (own.every((slice) => structs(slice, "endpoints").length === 0)) {
      return no("MissingEndpoints", `endpointslices for ${where} have no addresses with port name ${portName}`);
    }
    return no("EndpointsAccessError", `${where} cannot be accessed due to: ${(error as Error).message}`);
  }
}

interface Fetched {
  readonly status: number;
  readonly body: Uint8Array;
}

async function get(client: ServiceClient, path: string, signal: AbortSignal): Promise<Fetched> {
  const headers = { accept: "application/json", ...remoteUserHeaders(asker) };
  const answer = await client.send({ method: "GET", path, headers, signal });
  if (answer.type === "upgraded") throw new Error("the answer is another protocol");
  return { status: answer.response.statusCode ?? 0, body: await readAnswer(answer.response, maxAnswerBytes) };
}

/** The older form of discovery in the newer one. Source: apiserver, `ConvertGroupVersionIntoToDiscovery`. */
export function discoveredResources(
  list: JsonObject,
  { group, version }: { readonly group: string; readonly version: string },
): JsonObject[] {
  const found = new Map<string, { readonly entry: JsonObject; readonly subresources: JsonObject[] }>();
  const kindOf = (each: JsonObject): JsonObject => ({
    group: text(each, "group") || group,
    version: text(each, "version") || version,
    kind: text(each, "kind"),
  });
  const entryOf = (name: string): { readonly entry: JsonObject; readonly subresources: JsonObject[] } => {
    const known = found.get(name) ?? { entry: { resource: name }, subresources: [] };
    found.set(name, known);
    return known;
  };
  for (const each of structs(list, "resources")) {
    const [name = "", subresource] = text(each, "name").split("/", 2);
    const verbs = strings(each, "verbs");
    if (subresource !== undefined) {
      entryOf(name).subresources.push({ subresource, responseKind: kindOf(each), verbs });
      continue;
    }
    const [shortNames, categories] = [strings(each, "shortNames"), strings(each, "categories")];
    Object.assign(entryOf(name).entry, {
      responseKind: kindOf(each),
      scope: each["namespaced"] === true ? "Namespaced" : "Cluster",
      singularResource: text(each, "singularName"),
      verbs,
      ...(shortNames.length > 0 ? { shortNames } : {}),
      ...(categories.length > 0 ? { categories } : {}),
    });
  }
  return [...found.values()].map(({ entry, subresources }) =>
    subresources.length > 0 ? { ...entry, subresources } : entry,
  );
}

/** A document that makes no sense must not spoil the one of the whole API, which it becomes a part of. @throws what goes wrong */
async function requirePublishable(document: OpenapiDocument): Promise<void> {
  const [{ openapiV2Document }, { encodeOpenapiV2 }] = await Promise.all([
    import("../openapi/v2.ts"),
    import("../openapi/v2-protobuf.ts"),
  ]);
  encodeOpenapiV2(openapiV2Document([document]));
}

/** Undefined where the server publishes none of version 3, or one that makes no sense. */
async function openapiOf(
  { client, group, version, signal }: AskOptions,
  previous: OpenapiElsewhere | undefined,
): Promise<OpenapiElsewhere | undefined> {
  const index = await get(client, "/openapi/v3", signal);
  if (index.status !== 200) return undefined;
  const { paths } = JSON.parse(Buffer.from(index.body).toString()) as {
    paths?: Record<string, { serverRelativeURL?: string }>;
  };
  const url = paths?.[`apis/${group}/${version}`]?.serverRelativeURL;
  if (!url?.startsWith("/openapi/v3/")) return undefined;
  const hash = /[?&]hash=([^&]+)/.exec(url)?.[1] ?? "";
  if (previous && hash !== "" && previous.hash === hash) return previous;
  const { status, body } = await get(client, url, signal);
  if (status !== 200) return undefined;
  const document = JSON.parse(Buffer.from(body).toString()) as OpenapiDocument;
  await requirePublishable(document);
  return { hash: hash || String(body.length), body, document };
}
