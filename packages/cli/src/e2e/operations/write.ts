import type { JsonObject, Stored } from "@homeostat/api";
import { type Cluster, serverMessage, targetOf, type WriteFlags } from "../clusters/cluster.ts";
import type { WriteAction } from "../documents/test-document.ts";
import { type OperationContext, OperationError, type OperationResult } from "./context.ts";
import { decide } from "./expect.ts";
import { poll } from "./poll.ts";
import { forResource, nameOf, prepared, resourcesOf } from "./resources.ts";

type Write = (cluster: Cluster, object: JsonObject, flags: WriteFlags, context: OperationContext) => Promise<Stored>;

/** Made where it is not there yet; else changed by a merge patch. */
export const apply: Write = async (cluster, object, flags, context) => {
  const live = await findLive(cluster, object, flags.signal);
  return live ? cluster.mergePatch(withVersion(object, live), flags) : make(cluster, object, flags, context);
};

/** What is there already is no answer of the server, so no expectation can be content with it. */
export const create: Write = async (cluster, object, flags, context) => {
  if (await findLive(cluster, object, flags.signal)) throw new OperationError(["the resource already exists"]);
  return make(cluster, object, flags, context);
};

export const update: Write = async (cluster, object, flags) =>
  cluster.update(withVersion(object, await needLive(cluster, object, flags.signal)), flags);

export const patch: Write = async (cluster, object, flags) => {
  await needLive(cluster, object, flags.signal);
  return cluster.mergePatch(object, flags);
};

async function make(
  cluster: Cluster,
  object: JsonObject,
  flags: WriteFlags,
  context: OperationContext,
): Promise<Stored> {
  const created = await cluster.create(object, flags);
  if (!flags.dryRun) context.created(cluster, created as unknown as JsonObject);
  return created;
}

async function needLive(cluster: Cluster, object: JsonObject, signal: AbortSignal): Promise<Stored> {
  const live = await findLive(cluster, object, signal);
  if (!live) throw new OperationError(["actual resource not found"]);
  return live;
}

/** An object whose name the server makes up cannot be there yet. @throws OperationError where that cannot be told */
async function findLive(cluster: Cluster, object: JsonObject, signal: AbortSignal): Promise<Stored | undefined> {
  const target = targetOf(object);
  if (target.name === undefined) return undefined;
  return cluster.find(target, signal).catch((error: unknown) => {
    throw new OperationError([serverMessage(error)], { cause: error });
  });
}

function withVersion(object: JsonObject, live: Stored): JsonObject {
  const { resourceVersion } = live.metadata;
  return { ...object, metadata: { ...(object["metadata"] as JsonObject), resourceVersion } };
}

/**
 * Writes all that the action names. What fails is tried again until the time is up: a webhook may not answer yet, a kind
 * may not be served yet.
 *
 * @throws OperationError
 */
export async function runWrite(write: Write, action: WriteAction, context: OperationContext): Promise<OperationResult> {
  const values: JsonObject[] = [];
  const lines: string[] = [];
  let { bindings } = context;
  for (const [index, resource] of (await resourcesOf(action, context)).entries()) {
    try {
      const done = await writeOne(write, action, resource, forResource(context, index));
      values.push(done.value);
      bindings = done.bindings;
    } catch (error) {
      context.signal.throwIfAborted();
      lines.push(...describe(resource, error));
    }
  }
  if (lines.length > 0) throw new OperationError(lines);
  return { values, bindings };
}

async function writeOne(
  write: Write,
  action: WriteAction,
  resource: JsonObject,
  context: OperationContext,
): Promise<{ value: JsonObject; bindings: OperationContext["bindings"] }> {
  const { dryRun = false, subresource, expect } = action;
  const cluster = await context.cluster();
  let done: { value: JsonObject; bindings: OperationContext["bindings"] } | undefined;
  let last: unknown = new OperationError(["the operation's time was up before its first try"]);
  await poll(context, async (signal) => {
    // Anew in each try: the kind may be served by now, and then says whether it has namespaces.
    const object = await prepared(resource, action, context);
    let failure: unknown;
    let value = object;
    try {
      const flags = { dryRun, signal, ...(subresource ? { subresource } : {}) };
      value = (await write(cluster, object, flags, context)) as unknown as JsonObject;
    } catch (error) {
      // What the deadline cut short says nothing; the try before it does.
      if (signal.aborted) throw error;
      failure = error;
    }
    try {
      // Expectations are about the server's answer to the write, not about what stood in the way of asking.
      if (failure instanceof OperationError) throw failure;
      done = { value, bindings: await decide(expect, value, failure, context) };
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  });
  if (done === undefined) throw last;
  return done;
}

/** @returns a line for each thing that is wrong, with the object in front */
export function describe(resource: JsonObject, error: unknown): string[] {
  const lines =
    error instanceof OperationError ? error.lines : [error instanceof Error ? error.message : String(error)];
  return lines.map((line) => (line.startsWith(nameOf(resource)) ? line : `${nameOf(resource)}: ${line}`));
}
