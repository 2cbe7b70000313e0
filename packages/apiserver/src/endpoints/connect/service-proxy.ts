import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type JsonObject, statusError } from "@homeostat/api";
import type { Lookup } from "../../builtins/admission/lookup.ts";
import { struct, structs, text } from "../../builtins/json-fields.ts";
import type { ServerResponse } from "../../http/handler.ts";
import type { ResolveService } from "../../webhooks/service-resolver.ts";
import type { EndpointRequest } from "../endpoint-request.ts";
import type { PodConnections, PortServer } from "./pod-connections.ts";
import { relay, relayedPath } from "./proxy.ts";

export interface ServiceProxyOptions {
  readonly lookup: Lookup;
  readonly resolveService: ResolveService;
  readonly connections: PodConnections;
}

/** Where a request to a service goes. */
interface Reached {
  readonly open: PortServer;
  readonly port: number;
}

/**
 * Relays a request to one of the endpoints of a service: an address that can be real, else a pod of whose ports the
 * kubelet knows. Source: registry/core/service `ResourceLocation`.
 *
 * @param asked port as the URL names it: by number or name; undefined for the one without a name
 * @throws ApiError 503 when there is no such port, no endpoint, or nothing that answers
 */
export async function relayToService(
  options: ServiceProxyOptions,
  call: EndpointRequest,
  service: JsonObject,
  asked: string | undefined,
): Promise<ServerResponse> {
  const { namespace = "", name = "" } = call.info;
  const port = portOf(service, name, asked);
  const reached =
    (await realAddress(options, { namespace, name, port: Number(port["port"]) })) ??
    (await podBehind(options, { namespace, name, portName: text(port, "name") }));
  if (!reached) throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return relay(reached.open, reached.port, relayedPath(call.request.path), call.request);
}

function portOf(service: JsonObject, name: string, asked: string | undefined): JsonObject {
  const ports = structs(struct(service, "spec"), "ports");
  const isNumber = asked !== undefined && /^\d+$/.test(asked);
  const found = ports.find((port) =>
    isNumber ? port["port"] === Number(asked) : text(port, "name") === (asked ?? ""),
  );
  if (found) return found;
  throw unavailable(
    isNumber
      ? `no service port ${asked} found for service ${JSON.stringify(name)}`
      : `no endpoints available for service ${JSON.stringify(name)}`,
  );
}

const unavailable = (message: string): Error => statusError(503, "ServiceUnavailable", message);

async function realAddress(
  { resolveService }: ServiceProxyOptions,
  wanted: { readonly namespace: string; readonly name: string; readonly port: number },
): Promise<Reached | undefined> {
  const address = await resolveService(wanted).catch(() => undefined);
  return address && { port: address.port, open: (port, connection) => joinSocket(address.host, port, connection) };
}

async function podBehind(
  { lookup, connections }: ServiceProxyOptions,
  { namespace, name, portName }: { readonly namespace: string; readonly name: string; readonly portName: string },
): Promise<Reached | undefined> {
  if (!connections.ports) return undefined;
  for (const slice of await lookup.list("discovery.k8s.io", "endpointslices", namespace)) {
    if (text(struct(struct(slice, "metadata"), "labels"), "kubernetes.io/service-name") !== name) continue;
    const port = structs(slice, "ports").find((each) => text(each, "name") === portName)?.["port"];
    if (typeof port !== "number") continue;
    for (const endpoint of structs(slice, "endpoints")) {
      const target = struct(endpoint, "targetRef");
      if (struct(endpoint, "conditions")?.["ready"] === false || text(target, "kind") !== "Pod") continue;
      const pod = await lookup.get("", "pods", text(target, "name"), namespace);
      if (pod) return { port, open: await connections.ports(pod) };
    }
  }
  return undefined;
}

/** Bytes go both ways until one side ends. @throws Error when nothing listens there */
function joinSocket(host: string, port: number, connection: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host, port });
    socket.on("error", (error) => {
      reject(error);
      connection.destroy();
    });
    socket.on("close", () => resolve());
    connection.on("close", () => socket.destroy());
    connection.on("error", () => socket.destroy());
    connection.pipe(socket).pipe(connection);
  });
}
