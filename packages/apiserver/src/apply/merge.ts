import type { Json, JsonObject } from "@homeostat/api";
import { copyJson, member, setMember } from "../patch/json-value.ts";
import type { ListType, TypeSchema } from "../schema/type-schema.ts";
import type { PathElement } from "./path-element.ts";
import { asList, asObject, itemElement, itemsByElement, memberType, refuseDuplicates, shapeOf } from "./type-walk.ts";

/**
 * Lays a configuration over the live object: fields and items merge, what is owned as a whole is replaced. Null and
 * empty maps and lists change nothing where the live object has fields or items, and replace anything else.
 *
 * @returns a new object that shares nothing with its arguments
 * @throws TypedError when the configuration names an item twice or not at all
 */
export function merge(live: JsonObject, config: JsonObject, type: TypeSchema): JsonObject {
  return asObject(mergeValue(live, config, type)) ?? {};
}

/** Undefined is a missing value. */
function mergeValue(live: Json | undefined, config: Json | undefined, type: TypeSchema): Json | undefined {
  const shape = shapeOf(type, config ?? live);
  if (shape === "map") return mergeMaps(live, config, type);
  if (shape === "list" && type.kind === "list") return mergeLists(live, config, type);
  return mergeLeaves(live, config);
}

function mergeLeaves(live: Json | undefined, config: Json | undefined): Json | undefined {
  const kept = config === undefined ? live : config;
  return kept === undefined ? undefined : copyJson(kept);
}

function mergeMaps(live: Json | undefined, config: Json | undefined, type: TypeSchema): Json | undefined {
  const left = asObject(live) ?? {};
  const right = asObject(config) ?? {};
  if (Object.keys(left).length === 0 && Object.keys(right).length === 0) return mergeLeaves(live, config);
  const result: JsonObject = {};
  // Fields keep the order of the live object, so that a patch leaves the rest of a document in place.
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const value = mergeValue(member(left, name), member(right, name), memberType(type, name));
    if (value !== undefined) setMember(result, name, value);
  }
  return result;
}

function mergeLists(live: Json | undefined, config: Json | undefined, type: ListType): Json | undefined {
  const left = asList(live) ?? [];
  const right = asList(config) ?? [];
  if (left.length === 0 && right.length === 0) return mergeLeaves(live, config);
  const configured = itemsByElement(type, right);
  refuseDuplicates(configured);
  const present = itemsByElement(type, left);
  const result: Json[] = [];
  for (const step of listSteps(
    left.map((item) => itemElement(type, item)),
    [...configured.keys()],
  )) {
    const twins = present.get(step.element) ?? [];
    // Items the live list has twice are no ground to merge on: the configured one takes their place.
    const base = twins.length === 1 ? twins[0] : undefined;
    const value = step.configured
      ? mergeValue(base, configured.get(step.element)![0], type.item)
      : copyJson(left[step.index!]!);
    if (value !== undefined) result.push(value);
  }
  return result;
}

/** One item of the result: taken from the live list at `index`, or configured (and merged with its live twin). */
interface Step {
  readonly element: PathElement;
  readonly configured: boolean;
  readonly index?: number;
}

/**
 * The order of a merged list. Configured items come in the configured order; items only the live list has stay where
 * they are between those both have. Source: structured-merge-diff `mergingWalker.visitListItems`.
 */
function* listSteps(live: readonly PathElement[], configured: readonly PathElement[]): Generator<Step> {
  const inLive = new Set(live);
  const inConfig = new Set(configured);
  const shared = configured.filter((element) => inLive.has(element));
  const merged = new Set<PathElement>();
  let nextShared = 0;
  let l = 0;
  let c = 0;
  const take = (element: PathElement): Step => {
    merged.add(element);
    if (element === shared[nextShared]) nextShared++;
    c++;
    return { element, configured: true };
  };
  while (l < live.length || c < configured.length) {
    const element = live[l];
    const wanted = configured[c];
    if (element !== undefined && element === wanted) {
      l++;
      yield take(element);
      continue;
    }
    if (element !== undefined && !inConfig.has(element)) {
      yield { element, configured: false, index: l++ };
      continue;
    }
    if (
      element !== undefined &&
      wanted !== undefined &&
      shared[nextShared] !== undefined &&
      element !== shared[nextShared]
    ) {
      // Both lists have it, but another shared item comes first: it is taken in its turn.
      l++;
      continue;
    }
    if (element !== undefined && merged.has(element)) l++;
    if (wanted !== undefined) yield take(wanted);
  }
}
