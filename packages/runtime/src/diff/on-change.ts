import type { Json, KubeObject, Resource, Stored } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { WatchDefinition } from "../controller/definition.ts";
import { objectKey } from "../controller/event-handler.ts";
import type { ReconcileContext, Reconciler } from "../controller/reconciler.ts";
import { equalJson, valueAt } from "../ledger/changed-paths.ts";
import { diff, type FieldChange, parsePath } from "./diff.ts";

/**
 * Called within a reconcile, before the reconciler, when the value at a path is not what it was when the object was
 * last handled with success. Throwing fails the reconcile, and then the same difference is told again.
 *
 * This is sugar: it compares two states, so it misses what was between them, and does not say who changed it. The
 * reconciler must do the right thing without it.
 */
export type ChangeHandler<T extends KubeObject, P extends string = string> = (
  change: ValueChange<T, P>,
) => Promise<void> | void;

export interface ValueChange<T extends KubeObject, P extends string = string> {
  /**
   * - `changed`: handled before, with another value.
   * - `created`: never handled, and it has come into being since the controller watches (with `persist`: whenever).
   * - `resumed`: it was there when the controller began to watch, and nothing is known of before. Not with `persist`.
   *
   * For the last two `old` is undefined, and only values that are there are told.
   */
  readonly type: "changed" | "created" | "resumed";
  /** As it was given, `spec.replicas`. */
  readonly path: string;
  readonly old: ValueAt<Stored<T>, P> | undefined;
  readonly new: ValueAt<Stored<T>, P> | undefined;
  /** What differs within the value, by paths from the root of the object. */
  readonly changes: readonly FieldChange[];
  readonly object: Stored<T>;
  readonly context: ReconcileContext<T>;
}

/** The type at a path of plain names; `unknown` where the path has indexes or quotes, or the type knows no such field. */
export type ValueAt<T, P extends string> = P extends `${infer Head}.${infer Rest}`
  ? Head extends keyof NonNullable<T>
    ? ValueAt<NonNullable<T>[Head], Rest>
    : unknown
  : P extends keyof NonNullable<T>
    ? NonNullable<T>[P]
    : unknown;

/** What is remembered, and where. */
export interface OnChangeOptions {
  /**
   * Remember the values in the object's annotation `<controller>.homeostat.dev/last-handled-configuration`, so that a
   * restart does not forget them. Costs a write after each change; with more than 64 KiB of them they are kept in memory
   * only. Nothing secret should be watched so. Default false.
   */
  readonly persist?: boolean;
}

/** A handler as the builder knows it. */
export interface ChangeSubscription<T extends KubeObject> {
  readonly paths: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: each handler has its own path, and no variance fits
  readonly handler: ChangeHandler<T, any>;
  readonly persist: boolean;
}

const MAX_ANNOTATION_CHARS = 65_536;

type Values = Readonly<Record<string, Json | undefined>>;

/** What is remembered for one cache; runs of one definition in different managers share nothing. */
interface Memory {
  readonly handled: Map<string, { readonly uid: string; readonly values: Values }>;
  /** Objects that have come into being while we watched, by uid. */
  readonly created: Set<string>;
}

/** Puts change handlers before a reconciler. */
export function withChangeHandlers<T extends KubeObject>(
  resource: Resource<T>,
  controller: string,
  subscriptions: readonly ChangeSubscription<T>[],
  reconcile: Reconciler<T>,
): { readonly reconcile: Reconciler<T>; readonly watch: WatchDefinition<T> } {
  const memories = new WeakMap<Cache, Memory>();
  const memoryOf = (cache: Cache): Memory => {
    let memory = memories.get(cache);
    if (!memory) memories.set(cache, (memory = { handled: new Map(), created: new Set() }));
    return memory;
  };
  const annotation = `${controller}.homeostat.dev/last-handled-configuration`;
  const paths = new Set(subscriptions.flatMap((each) => each.paths));
  const persisted = new Set(subscriptions.flatMap((each) => (each.persist ? each.paths : [])));

  const wrapped: Reconciler<T> = async (context) => {
    const { object } = context;
    if (object.metadata.deletionTimestamp !== undefined) return reconcile(context);
    const memory = memoryOf(context.cache);
    const { uid } = object.metadata;
    const key = objectKey(object.metadata);
    const handled = memory.handled.get(key);
    const inMemory = handled?.uid === uid ? handled.values : undefined;
    const stored = persisted.size > 0 && inMemory === undefined ? read(object, annotation) : undefined;
    const isNew = memory.created.has(uid);
    const now: Record<string, Json | undefined> = {};
    for (const path of paths) now[path] = valueAt(object, path) as Json | undefined;
    for (const { paths, handler, persist } of subscriptions) {
      const before = inMemory ?? (persist ? stored : undefined);
      const type = before ? "changed" : isNew || (persist && inMemory === undefined) ? "created" : "resumed";
      for (const path of paths) {
        const old = before?.[path];
        if (before ? equalJson(old, now[path]) : now[path] === undefined) continue;
        const change = { type, path, old, new: now[path], changes: within(path, old, now[path]), object, context };
        await handler(change as ValueChange<T, never>);
      }
    }
    const result = await reconcile(context);
    memory.handled.set(key, { uid, values: now });
    memory.created.delete(uid);
    if (persisted.size > 0) await write(context, resource, annotation, pick(now, persisted));
    return result;
  };

  return {
    reconcile: wrapped,
    watch: {
      resource,
      predicates: [],
      // Asks for nothing: it only learns what is new and forgets what is gone.
      handler: ({ type, object: { metadata }, ...event }, _, cache) => {
        const memory = memoryOf(cache);
        if (type === "added" && !("initial" in event && event.initial)) memory.created.add(metadata.uid);
        if (type !== "deleted") return;
        memory.created.delete(metadata.uid);
        memory.handled.delete(metadata.key);
      },
    },
  };
}

function within(path: string, old: unknown, now: unknown): FieldChange[] {
  const root = parsePath(path);
  return diff(old, now).map((change) => ({ ...change, path: [...root, ...change.path] }));
}

function pick(values: Values, paths: ReadonlySet<string>): Values {
  return Object.fromEntries(Object.entries(values).filter(([path, value]) => paths.has(path) && value !== undefined));
}

/** What was handled before this process began; undefined: nothing is known. */
function read(object: Stored, annotation: string): Values | undefined {
  const text = object.metadata.annotations?.[annotation];
  if (text === undefined) return undefined;
  try {
    const values: unknown = JSON.parse(text);
    return typeof values === "object" && values !== null ? (values as Values) : undefined;
  } catch {
    // Somebody has edited it; it is written anew after this reconcile.
    return undefined;
  }
}

async function write<T extends KubeObject>(
  { object, client, log }: ReconcileContext<T>,
  resource: Resource<T>,
  annotation: string,
  values: Values,
): Promise<void> {
  const text = JSON.stringify(values);
  if (text === object.metadata.annotations?.[annotation]) return;
  if (text.length > MAX_ANNOTATION_CHARS) {
    log.warn({ annotation, characters: text.length }, "Handled values are too large to be kept in an annotation");
    return;
  }
  const { uid } = object.metadata;
  await client.patchMerge(resource, object.metadata, { metadata: { uid, annotations: { [annotation]: text } } });
}
