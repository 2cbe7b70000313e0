import type { Json } from "@homeostat/api";
import type { JsonPatchOperation } from "../client/client.ts";
import { diff, jsonPointer } from "../diff/diff.ts";

/**
 * What turns `old` into `now` as an RFC 6902 patch: only what differs is in it. Members that are undefined count as
 * absent, as they do in JSON.
 */
export function createJsonPatch(old: unknown, now: unknown): JsonPatchOperation[] {
  return diff(plain(old), plain(now)).map((change): JsonPatchOperation => {
    const path = jsonPointer(change.path);
    return change.op === "remove" ? { op: "remove", path } : { op: change.op, path, value: change.new as Json };
  });
}

/** A copy that has been through JSON, so that it is what a server would get. */
export const plain = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

/** @returns a patched copy @throws Error naming the operation that cannot be applied */
export function applyJsonPatch(document: Json, operations: readonly JsonPatchOperation[]): Json {
  const root = { "": plain(document) };
  for (const operation of operations) {
    try {
      applyOne(root, operation);
    } catch (error) {
      throw new Error(`json patch: ${operation.op} ${operation.path}: ${(error as Error).message}`, { cause: error });
    }
  }
  return root[""];
}

type Container = Json[] | { [key: string]: Json };

/** The document hangs under the key "" of `root`, so that the whole of it is a member like any other. */
function applyOne(root: Container, operation: JsonPatchOperation): void {
  switch (operation.op) {
    case "add":
      add(root, operation.path, plain(operation.value));
      break;
    case "remove":
      take(root, operation.path);
      break;
    case "replace":
      take(root, operation.path);
      add(root, operation.path, plain(operation.value));
      break;
    case "move":
      if (operation.path.startsWith(`${operation.from}/`)) throw new Error("a value cannot be moved into itself");
      add(root, operation.path, take(root, operation.from));
      break;
    case "copy":
      add(root, operation.path, plain(read(root, operation.from)));
      break;
    case "test":
      if (diff(read(root, operation.path), operation.value).length > 0) throw new Error("the value is another one");
  }
}

function add(root: Container, pointer: string, value: Json): void {
  const [parent, key] = locate(root, pointer);
  if (!Array.isArray(parent)) set(parent, key, value);
  else parent.splice(key === "-" ? parent.length : index(key, parent.length), 0, value);
}

function take(root: Container, pointer: string): Json {
  const [parent, key] = locate(root, pointer);
  const value = member(parent, key);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
  return value;
}

const read = (root: Container, pointer: string): Json => member(...locate(root, pointer));

/** The container that holds what the pointer names, and under which key. */
function locate(root: Container, pointer: string): [Container, string] {
  if (pointer !== "" && !pointer.startsWith("/")) throw new Error("the path must start with /");
  const steps = ["", ...pointer.split("/").slice(1)].map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = steps.pop()!;
  let container = root;
  for (const step of steps) {
    const next = member(container, step);
    if (typeof next !== "object" || next === null) throw new Error(`${JSON.stringify(step)} is no object and no array`);
    container = next;
  }
  return [container, last];
}

function member(container: Container, key: string): Json {
  if (Array.isArray(container)) return container[index(key, container.length - 1)]!;
  if (!Object.hasOwn(container, key)) throw new Error(`there is no ${JSON.stringify(key)}`);
  return container[key]!;
}

function index(key: string, last: number): number {
  if (!/^(0|[1-9]\d*)$/.test(key) || Number(key) > last) throw new Error(`there is no item ${JSON.stringify(key)}`);
  return Number(key);
}

/** Defined, not assigned: `__proto__` is a key like any other. */
function set(object: { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
