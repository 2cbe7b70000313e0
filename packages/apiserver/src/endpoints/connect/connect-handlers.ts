import { badRequest, type JsonObject, statusError } from "@homeostat/api";
import { type Authorizer, accessDenied, attributesOf } from "../../auth/authorizer.ts";
import { header, type ServerRequest, type ServerResponse, type UpgradedConnection } from "../../http/handler.ts";
import { admitConnection, nothingRuns } from "../connections.ts";
import type { EndpointRequest } from "../endpoint-request.ts";
import { containerOf } from "../pod-log.ts";
import type { SubresourceHandler } from "../subresources.ts";
import type { PodConnections, PortServer, Process } from "./pod-connections.ts";
import type { CommandStreams } from "./remote-command.ts";

/** The subresources of pods that leave HTTP for a protocol of streams. */
export function connectHandlers(
  connections: PodConnections,
  authorize: Authorizer,
): readonly (readonly [string, SubresourceHandler])[] {
  const exec: SubresourceHandler = async (engine, call, subresource) => {
    await demandCreate(call, authorize);
    const { object: pod, options } = await admitConnection(engine, call, subresource);
    const { exec } = connections;
    if (!exec) throw nothingRuns(call, subresource);
    const command = (options["command"] ?? []) as string[];
    if (command.length === 0) throw badRequest("you must specify a command to execute: give the parameter command");
    const target = { pod, container: targetOf(pod, call, options) };
    return answerCommand(call.request, await exec.call(connections, target, command), streamsOf(options));
  };
  const attach: SubresourceHandler = async (engine, call, subresource) => {
    await demandCreate(call, authorize);
    const { object: pod, options } = await admitConnection(engine, call, subresource);
    if (!connections.attach) throw nothingRuns(call, subresource);
    const target = { pod, container: targetOf(pod, call, options) };
    return answerCommand(
      call.request,
      await connections.attach(target),
      streamsOf({ stdout: true, stderr: true, ...options }),
    );
  };
  const portForward: SubresourceHandler = async (engine, call, subresource) => {
    await demandCreate(call, authorize);
    const { object: pod } = await admitConnection(engine, call, subresource);
    if (!connections.ports) throw nothingRuns(call, subresource);
    return forwarding(call, await connections.ports(pod));
  };
  const proxy: SubresourceHandler = async (engine, call, subresource) => {
    const { proxyTarget, relay, relayedPath } = await import("./proxy.ts");
    const target = proxyTarget(call.info.name!, "pod");
    const named = { ...call, info: { ...call.info, name: target.name } };
    const { object: pod } = await admitConnection(engine, named, subresource);
    if (!connections.ports) throw nothingRuns(named, subresource);
    const port = portOf(pod, target.port);
    return relay(await connections.ports(pod), port, relayedPath(call.request.path), call.request);
  };
  return [
    ["pods/proxy", proxy],
    ["pods/exec", exec],
    ["pods/attach", attach],
    ["pods/portforward", portForward],
  ];
}

/**
 * WebSocket clients can only GET, so that whoever may read would be let in: to connect demands the right to create.
 * Source: feature AuthorizePodWebsocketUpgradeCreatePermission.
 */
async function demandCreate({ info, user }: EndpointRequest, authorize: Authorizer): Promise<void> {
  if (info.verb === "create") return;
  const attributes = attributesOf({ ...info, verb: "create" }, user);
  if (!(await authorize(attributes)).allowed) throw accessDenied(attributes);
}

function targetOf(pod: JsonObject, { info }: EndpointRequest, options: JsonObject): string {
  return containerOf(pod, info.name!, typeof options["container"] === "string" ? options["container"] : "");
}

/** @throws ApiError 400 when no stream is wanted */
function streamsOf(options: JsonObject): CommandStreams {
  const tty = options["tty"] === true;
  const streams = {
    stdin: options["stdin"] === true,
    stdout: options["stdout"] === true,
    stderr: options["stderr"] === true && !tty,
    tty,
  };
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  return streams;
}

async function answerCommand(
  request: ServerRequest,
  process: Process,
  streams: CommandStreams,
): Promise<ServerResponse> {
  if (upgradeOf(request) === "websocket") {
    const { commandOverWebSocket, commandProtocols } = await import("./command-websocket.ts");
    const protocol = await webSocketProtocol(request, commandProtocols);
    return switched((connection) => commandOverWebSocket(process, streams, protocol, connection));
  }
  const { commandOverSpdy, spdyCommandProtocols } = await import("./command-spdy.ts");
  const protocol = await spdyProtocol(request, spdyCommandProtocols);
  return switched((connection) => commandOverSpdy(process, streams, protocol, connection));
}

async function forwarding({ request, info }: EndpointRequest, open: PortServer): Promise<ServerResponse> {
  const how = upgradeOf(request);
  const name = `${info.namespace}/${info.name}`;
  const { forwardOverSpdy, forwardOverTunnel, portForwardProtocol, tunnelProtocol } = await import("./port-forward.ts");
  if (how === "websocket") {
    const { forwardOverChannels, portForwardChannels, wantedPorts } = await import("./port-forward-channels.ts");
    if ((await webSocketProtocol(request, [tunnelProtocol, portForwardChannels])) === portForwardChannels) {
      const ports = wantedPorts(info.query);
      return switched((connection) => forwardOverChannels(open, name, ports, connection));
    }
    return switched((connection) => forwardOverTunnel(open, name, connection));
  }
  await spdyProtocol(request, [portForwardProtocol]);
  return switched((connection) => forwardOverSpdy(open, name, connection));
}

/** @throws ApiError 400 when the request does not ask for another protocol, or came over one that cannot change */
function upgradeOf(request: ServerRequest): "websocket" | "spdy" {
  if (!request.upgradable) throw badRequest("Upgrade request required");
  return header(request, "upgrade")?.toLowerCase() === "websocket" ? "websocket" : "spdy";
}

async function webSocketProtocol(request: ServerRequest, known: readonly string[]): Promise<string> {
  const { offeredProtocols } = await import("./websocket.ts");
  const offered = offeredProtocols(header(request, "sec-websocket-protocol"));
  const chosen = offered.find((name) => known.includes(name));
  if (chosen) return chosen;
  throw badRequest(
    `none of the WebSocket protocols ${JSON.stringify(offered)} is spoken here: offer ${known.join(" or ")}`,
  );
}

async function spdyProtocol(request: ServerRequest, known: readonly string[]): Promise<string> {
  const { offeredProtocols } = await import("./websocket.ts");
  const offered = offeredProtocols(header(request, "x-stream-protocol-version"));
  const chosen = offered.find((name) => known.includes(name));
  if (chosen) return chosen;
  throw statusError(
    403,
    "Forbidden",
    `none of the protocols ${JSON.stringify(offered)} is spoken here: offer ${known.join(" or ")} in X-Stream-Protocol-Version`,
  );
}

/** By number or by the name a container gives it; without either the first one declared. */
function portOf(pod: JsonObject, asked: string | undefined): number {
  const { containers = [] } = pod["spec"] as { containers?: readonly { ports?: readonly DeclaredPort[] }[] };
  const declared = containers.flatMap(({ ports = [] }) => ports);
  const found = asked === undefined ? declared[0] : declared.find(({ name }) => name === asked);
  const port = found?.containerPort ?? Number(asked ?? 80);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw badRequest(`no container declares a port ${JSON.stringify(asked)}`);
}

interface DeclaredPort {
  readonly name?: string;
  readonly containerPort: number;
}

function switched(connect: (connection: UpgradedConnection) => Promise<void>): ServerResponse {
  return { status: 101, headers: {}, connect };
}
