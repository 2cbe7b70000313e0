import { badRequest, formatTime, isConflict, type JsonObject, notFound, type Status } from "@homeostat/api";
import { bindPod, checkPodUid, grantEviction, markEvicted } from "../builtins/pod-subresources.ts";
import { header, type ServerResponse } from "../http/handler.ts";
import { deleteObject } from "../registry/delete.ts";
import type { Engine, WriteRequest } from "../registry/engine.ts";
import { metaOf } from "../registry/object.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { updateObject } from "../registry/update.ts";
import { admitSubresource } from "./admit-subresource.ts";
import { checkDeleteOptions } from "./delete-options.ts";
import { type EndpointRequest, responderOf, writeRequest } from "./endpoint-request.ts";
import { readKind } from "./read-kind.ts";
import type { SubresourceHandler } from "./subresources.ts";
import { parseWriteQuery } from "./write-query.ts";

const success: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };

/** `POST pods/X/binding`: a scheduler puts a pod on a node. */
export const podBinding: SubresourceHandler = async (engine, call) => {
  const binding = await readKind(call.request, { group: "", version: "v1", kind: "Binding" });
  return bind(engine, call, call.served, call.info.name!, binding);
};

/** `POST bindings`: the same, with the pod's name in the body. */
export async function postBinding(engine: Engine, call: EndpointRequest): Promise<ServerResponse> {
  const binding = await readKind(call.request, { group: "", version: "v1", kind: "Binding" });
  const name = metaOf(binding).name;
  if (!name) throw badRequest("metadata.name of the Binding must name the pod to bind");
  return bind(engine, call, podsOf(engine), name, binding);
}

async function bind(
  engine: Engine,
  call: EndpointRequest,
  pods: ServedResource,
  name: string,
  binding: JsonObject,
): Promise<ServerResponse> {
  requireSameName(binding, name);
  const write = await admitSubresource(
    engine,
    { ...writeOf(call), served: pods, subresource: "binding" },
    name,
    binding,
  );
  await updateObject(engine, write, name, {
    transform(pod) {
      checkPodUid(pod, metaOf(binding).uid);
      bindPod(pod, binding, formatTime(engine.clock.now()));
      return pod;
    },
  });
  return responderOf({ engine }, call, []).object(201, success as unknown as JsonObject);
}

/** How often an eviction is decided anew because its budget or pod changed meanwhile. */
const attempts = 20;

/** `POST pods/X/eviction`: deletes a pod if the budgets that apply to it allow. Source: registry/core/pod `EvictionREST`. */
export const podEviction: SubresourceHandler = async (engine, call) => {
  const name = call.info.name!;
  const alsoAccepted = ["policy/v1beta1"];
  const eviction = await readKind(call.request, { group: "policy", version: "v1", kind: "Eviction" }, { alsoAccepted });
  requireSameName(eviction, name);
  const { dryRun, ...options } = checkDeleteOptions((eviction["deleteOptions"] ?? {}) as JsonObject);
  const query = writeOf(call);
  const asked = { ...query, dryRun: dryRun || query.dryRun, subresource: "eviction" };
  const write = await admitSubresource(engine, asked, name, eviction);
  for (let attempt = 1; ; attempt++) {
    const pod = await readPod(engine, call);
    checkPodUid(pod, options.preconditions?.uid);
    try {
      await spendBudget(engine, write, pod);
      break;
    } catch (error) {
      if (!isConflict(error) || attempt >= attempts) throw error;
    }
  }
  await updateObject(engine, write, name, {
    transform(pod) {
      markEvicted(pod, formatTime(engine.clock.now()));
      return pod;
    },
  });
  await deleteObject(engine, { ...write, subresource: undefined }, name, options);
  return responderOf({ engine }, call, []).object(201, success as unknown as JsonObject);
};

/** Counts the eviction in the budget that applies, if one does. @throws ApiError TooManyRequests, Conflict */
async function spendBudget(engine: Engine, write: WriteRequest, pod: JsonObject): Promise<void> {
  const budgets = engine.catalog.find("policy", "v1", "poddisruptionbudgets");
  if (!budgets) return;
  const { entries } = await engine.store.storage.list(engine.store.prefix(budgets, write.namespace));
  const all = await Promise.all(entries.map((entry) => engine.store.object(budgets, entry)));
  const { budget } = grantEviction(pod, all, formatTime(engine.clock.now()));
  if (!budget) return;
  // The version it was read at is in it: a budget spent by another eviction meanwhile is a conflict.
  const change = { ...write, served: budgets, subresource: "status" };
  await updateObject(engine, change, metaOf(budget).name!, { transform: () => structuredClone(budget) });
}

async function readPod(engine: Engine, { served, info }: EndpointRequest): Promise<JsonObject> {
  const entry = await engine.store.storage.get(engine.store.key(served, info.namespace, info.name!));
  if (!entry) throw notFound(served.resource, info.name!);
  return engine.store.object(served, entry);
}

function writeOf(call: EndpointRequest): WriteRequest {
  return writeRequest(call, parseWriteQuery(call.info.query, header(call.request, "user-agent") ?? "", "create"));
}

function podsOf(engine: Engine): ServedResource {
  const pods = engine.catalog.find("", "v1", "pods");
  if (!pods) throw new Error("the catalog has no pods");
  return pods;
}

function requireSameName(object: JsonObject, name: string): void {
  const sent = metaOf(object).name;
  if (sent && sent !== name) {
    throw badRequest(
      `the name in the URL (${name}) does not match the name of the ${String(object["kind"])} (${sent})`,
    );
  }
}
