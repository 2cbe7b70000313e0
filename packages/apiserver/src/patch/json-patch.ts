import type { Json, JsonObject } from "@homeostat/api";
import { copyJson, isObject, jsonEqual, kindOf, member, setMember } from "./json-value.ts";
import { PatchError } from "./patch-error.ts";

/**
 * JSON Patch, RFC 6902, with the outcomes of the library kube-apiserver uses: negative indices count from the end, and
 * `test` for null holds where the last step of the path is missing.
 *
 * Not the npm library `rfc6902`: it skips path steps called `constructor`, which are good label keys, takes `-` and
 * `01x` for an index when removing, and cannot bound what `copy` piles up.
 */

export interface JsonPatchLimits {
  /** Most operations in one patch. Default 10000, as upstream. */
  readonly maxOperations?: number;
  /** Most bytes of JSON that all `copy` operations together may add. Default 3 MiB, as upstream. */
  readonly maxCopyBytes?: number;
}

/**
 * @returns a new object that shares nothing with its arguments
 * @throws PatchError `malformed` for what is no list of operations, `too-large` beyond a limit, `inapplicable` when an
 *   operation fails; nothing is applied then
 */
export function applyJsonPatch(live: JsonObject, patch: Json, limits: JsonPatchLimits = {}): JsonObject {
  const { maxOperations = 10_000, maxCopyBytes = 3 * 1024 * 1024 } = limits;
  if (!Array.isArray(patch)) {
    throw new PatchError("malformed", `a JSON patch must be a list of operations, got ${kindOf(patch)}`);
  }
  const operations = patch.map((operation, index) => {
    if (isObject(operation)) return operation;
    throw new PatchError("malformed", `operation ${index} of a JSON patch must be an object, got ${kindOf(operation)}`);
  });
  if (operations.length > maxOperations) {
    throw new PatchError(
      "too-large",
      `the allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`,
    );
  }

  // The document hangs under a holder, so that the empty path has a parent like any other.
  const holder: JsonObject = { document: copyJson(live) };
  let leftToCopy = maxCopyBytes;
  for (const operation of operations) {
    if (operation["op"] === "copy") {
      const source = resolve(holder, operation, "from").read();
      leftToCopy -= JSON.stringify(source).length;
      if (leftToCopy < 0) {
        throw new PatchError("too-large", `the copy operations of a JSON patch may add up to ${maxCopyBytes} bytes`);
      }
    }
    applyOperation(holder, operation);
  }
  const result = holder["document"];
  if (isObject(result)) return result;
  throw new PatchError("inapplicable", `the patch turns the object into ${kindOf(result)}`);
}

function applyOperation(holder: JsonObject, operation: JsonObject): void {
  const target = (): Location => resolve(holder, operation, "path");
  switch (operation["op"]) {
    case "add":
      target().add(operandOf(operation));
      break;
    case "remove":
      target().remove();
      break;
    case "replace":
      target().replace(operandOf(operation));
      break;
    case "test":
      if (jsonEqual(target().readIfThere() ?? null, operandOf(operation))) break;
      throw failed(operation, "path", "the value is another one");
    case "copy":
      target().add(copyJson(resolve(holder, operation, "from").read()));
      break;
    case "move":
      move(holder, operation);
      break;
    default:
      throw new PatchError("inapplicable", `unexpected operation ${JSON.stringify(operation["op"] ?? null)}`);
  }
}

function move(holder: JsonObject, operation: JsonObject): void {
  if (pathOf(operation, "path").startsWith(`${pathOf(operation, "from")}/`)) {
    throw failed(operation, "path", "a value cannot be moved into itself");
  }
  const source = resolve(holder, operation, "from");
  const value = source.read();
  source.remove();
  resolve(holder, operation, "path").add(value);
}

/** The place a pointer names: its parent is there, its last step may not be. */
interface Location {
  read(): Json;
  /** Undefined when only the last step is missing. */
  readIfThere(): Json | undefined;
  add(value: Json): void;
  replace(value: Json): void;
  remove(): void;
}

function resolve(holder: JsonObject, operation: JsonObject, from: "path" | "from"): Location {
  const steps = ["document", ...stepsOf(operation, from)];
  const last = steps.pop()!;
  const fail = (why: string): never => {
    throw failed(operation, from, why);
  };
  let parent: Json = holder;
  for (const step of steps) {
    const next: Json | undefined = Array.isArray(parent)
      ? parent[indexOf(step, parent.length) ?? -1]
      : isObject(parent)
        ? member(parent, step)
        : undefined;
    parent = next ?? fail(`there is nothing at ${JSON.stringify(step)}`);
  }
  if (Array.isArray(parent)) return listLocation(parent, last, fail);
  if (isObject(parent)) return memberLocation(parent, last, fail);
  return fail(`its parent is ${kindOf(parent)}`);
}

function memberLocation(parent: JsonObject, key: string, fail: (why: string) => never): Location {
  const there = (): Json => {
    const value = member(parent, key);
    return value === undefined ? fail("there is no such field") : value;
  };
  return {
    read: there,
    readIfThere: () => member(parent, key),
    add: (value) => setMember(parent, key, value),
    replace: (value) => {
      there();
      setMember(parent, key, value);
    },
    remove: () => {
      there();
      delete parent[key];
    },
  };
}

function listLocation(list: Json[], step: string, fail: (why: string) => never): Location {
  const there = (): number => {
    const index = indexOf(step, list.length);
    return index === undefined || index >= list.length ? fail(`the list has ${list.length} items`) : index;
  };
  return {
    read: () => list[there()]!,
    readIfThere: () => list[there()],
    add: (value) => {
      // An insertion may go one behind the last item, hence the longer list.
      const index = step === "-" ? list.length : indexOf(step, list.length + 1);
      if (index === undefined || index > list.length) return fail(`the list has ${list.length} items`);
      list.splice(index, 0, value);
    },
    replace: (value) => {
      list[there()] = value;
    },
    remove: () => {
      list.splice(there(), 1);
    },
  };
}

/** Index a step names in a list of `length` items; undefined for what is no index or lies before the first item. */
function indexOf(step: string, length: number): number | undefined {
  if (!/^-?\d+$/.test(step)) return undefined;
  const index = Number(step);
  if (index >= 0) return index;
  return index + length >= 0 ? index + length : undefined;
}

function stepsOf(operation: JsonObject, from: "path" | "from"): string[] {
  const pointer = pathOf(operation, from);
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) throw failed(operation, from, "a path starts with a slash");
  return pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function pathOf(operation: JsonObject, from: "path" | "from"): string {
  const pointer = operation[from];
  if (typeof pointer === "string") return pointer;
  throw new PatchError("inapplicable", `operation ${JSON.stringify(operation["op"])} needs ${from}, a string`);
}

function operandOf(operation: JsonObject): Json {
  const value = member(operation, "value");
  if (value === undefined) throw failed(operation, "path", "it needs a value");
  return copyJson(value);
}

function failed(operation: JsonObject, from: "path" | "from", why: string): PatchError {
  return new PatchError(
    "inapplicable",
    `${operation["op"]} operation does not apply at ${JSON.stringify(operation[from])}: ${why}`,
  );
}
