import type { Clock, KubeObject, NamespacedName } from "@homeostat/api";
import type { CachedObject } from "../cache/store.ts";
import type { LoopGuardOptions } from "../controller/definition.ts";
import type { ReconcileWrite } from "../controller/reconcile-client.ts";
import type { Cause } from "../ledger/cause.ts";
import { changedPaths, equalJson, valueAt } from "../ledger/changed-paths.ts";
import type { EventCause } from "../ledger/event-cause.ts";
import type { Finding, FlippingField } from "./finding.ts";

/**
 * Finds reconciles that feed themselves, per key, and slows just that key.
 *
 * Every reconcile is a round; a round gets points by what caused it and what it wrote:
 * - all its events come from our own writes of the last rounds, and it has written (and changed) something again: 1
 *   (½ where it only created objects of new names);
 * - someone changed a field we had written, and we have changed it back to what it was: 2, as each blow takes us a
 *   second round that does nothing;
 * - among its causes are also reactions of others to objects we wrote (status, metadata), and it has again changed the
 *   same objects elsewhere than in a status, or deleted and created them: ½.
 * When the points of consecutive rounds reach `rounds`, it is a loop. A round that only our own writes
 * caused and that changes nothing ends the chain: this is how healthy controllers come to rest. Rounds caused by anything else
 * (users, other objects, timers) give no points and take none, so a busy object is no loop.
 *
 * A slowed key is held back before the next round, longer with each further round; causes from outside pass at once
 * unless two writers fight. It recovers with the first round of its own that changes nothing, or by being quiet.
 *
 * State is kept only for keys that wrote something lately, whole objects only from the third such round on.
 */
export class LoopGuard {
  readonly #clock: Clock;
  readonly #fieldManager: string;
  readonly #ownResource: string;
  readonly #options: Required<LoopGuardOptions>;
  readonly #keys = new Map<string, KeyState>();
  #sweptAt = 0;

  constructor(options: LoopGuardSettings) {
    this.#clock = options.clock;
    this.#fieldManager = options.fieldManager;
    this.#ownResource = options.ownResource;
    this.#options = { rounds: 10, windowMs: 10_000, slowMs: 5_000, maxSlowMs: 300_000, ...options.thresholds };
  }

  /** Keys that are slowed now. */
  get slowed(): number {
    this.#sweep();
    let count = 0;
    for (const state of this.#keys.values()) if (state.slow) count++;
    return count;
  }

  /** How long a key that is about to be reconciled must wait, in milliseconds; 0: not at all. */
  hold(key: string, causes: readonly Cause[]): number {
    const state = this.#keys.get(key);
    if (!state?.slow) return 0;
    if (state.slow.type === "self" && causes.some((cause) => this.#origin(state, key, cause) === "outside")) return 0;
    return Math.max(0, state.slow.until - this.#clock.monotonic());
  }

  /**
   * Begins a round.
   * @param peek the object as the cache has it; asked for only where a fight is possible
   */
  begin(key: string, causes: readonly Cause[], peek: (object: ObjectRef) => CachedObject | undefined): Round {
    const state = this.#keys.get(key);
    const round: Round = { key, causes, own: 0, reactions: 0, outside: 0, before: new Map() };
    if (!state) return round;
    for (const cause of causes) {
      const origin = this.#origin(state, key, cause);
      if (origin === undefined) continue;
      if (origin === "own") round.own++;
      else if (origin === "reaction") round.reactions++;
      else round.outside++;
      if (cause.type !== "event" || cause.event !== "updated" || origin === "own") continue;
      const written = state.written.get(idOf(cause));
      if (written) written.theirs = cause;
    }
    for (const [id, result] of state.results) {
      const { object, versions } = state.written.get(id)!;
      const now = peek(object);
      // Parsed only when somebody has written after us.
      if (!now || versions.includes(now.metadata.resourceVersion)) continue;
      if (newer(now.metadata.resourceVersion, result.metadata?.resourceVersion)) {
        round.before.set(id, {
          object: now.object(),
          writer: now.writer,
          statusWriter: now.statusWriter ?? now.writer,
        });
      }
    }
    return round;
  }

  /** Ends a round. @returns what was found, when a threshold has just been reached */
  end(round: Round, writes: readonly ReconcileWrite[]): Finding | undefined {
    const now = this.#clock.monotonic();
    this.#sweep();
    const changes = writes.filter((write) => write.changed);
    let state = this.#keys.get(round.key);
    if (!state) {
      if (changes.length === 0) return this.#countForeign(round, now);
      this.#keys.set(round.key, (state = newState(now)));
    }
    const fields = this.#fight(state, round, changes);
    const type = fields.length > 0 ? "fight" : "self";
    const points = type === "fight" ? 2 : this.#points(state, round, changes);
    // Rest: called for what we had done, and nothing was left to do. Fights have such rounds between their blows.
    if (changes.length === 0 && round.own > 0 && round.reactions + round.outside === 0) this.#rest(state, "self");
    let chain: Chain | undefined;
    if (points > 0) {
      chain = state[type];
      const patience = this.#options.windowMs + (state.slow?.delayMs ?? 0);
      if (now - chain.lastAt > patience) this.#rest(state, type);
      if (chain.points === 0) chain.since = now;
      chain.lastAt = now;
      chain.points += points;
      chain.rounds++;
      if (type === "fight") state.fields = fields;
    }
    this.#remember(state, changes, now);
    if (chain && chain.points >= this.#options.rounds) return this.#slow(state, round, type, chain, now);
    return this.#countForeign(round, now);
  }

  /** Forgets a key whose object is gone. */
  forget(key: string): void {
    this.#keys.delete(key);
  }

  /** Where a cause comes from; undefined for what is neither here nor there (timers, listings). */
  #origin(state: KeyState, key: string, cause: Cause): "own" | "reaction" | "outside" | undefined {
    if (cause.type === "manual") return "outside";
    if (cause.type !== "event") return undefined;
    const id = idOf(cause);
    const written = state.written.get(id);
    if (!written) return "outside";
    if (written.versions.includes(cause.resourceVersion)) return "own";
    if (cause.event === "deleted") return written.deleted ? "own" : "outside";
    if (cause.event === "added") return "outside";
    const isPrimary = cause.resource === this.#ownResource && keyOf(cause) === key;
    // What others say about an object of ours is an answer; what they want of it is their own wish.
    return cause.changed === "status" || (cause.changed === "metadata" && !isPrimary) ? "reaction" : "outside";
  }

  #points(state: KeyState, round: Round, changes: readonly ReconcileWrite[]): number {
    if (changes.length === 0 || round.outside > 0) return 0;
    if (round.own > 0 && round.reactions === 0) {
      // One child a pass may be how it builds up a set of them; only without end is it a loop.
      const builds = changes.every((write) => write.verb === "create" && !state.written.has(idOf(write)));
      return builds ? 0.5 : 1;
    }
    if (round.reactions === 0) return 0;
    const again = changes.some((write) => write.subresource !== "status" && state.written.has(idOf(write)));
    return again ? 0.5 : 0;
  }

  /** Fields that someone changed since we wrote them, and that we have now changed back. */
  #fight(state: KeyState, round: Round, changes: readonly ReconcileWrite[]): FlippingField[] {
    const fields: FlippingField[] = [];
    for (const write of changes) {
      const id = idOf(write);
      const mine = state.results.get(id);
      const theirs = round.before.get(id);
      if (!mine || !write.object) continue;
      if (!theirs) {
        fields.push(...this.#unseenFight(state, write, mine));
        continue;
      }
      for (const path of changedPaths(mine, theirs.object)) {
        if (isStatus(path) !== (write.subresource === "status")) continue;
        const back = equalJson(valueAt(write.object, path), valueAt(mine, path));
        if (back)
          fields.push({
            kind: write.kind,
            object: refOf(write),
            path,
            writers: [this.#fieldManager, (isStatus(path) ? theirs.statusWriter : theirs.writer) ?? "another writer"],
          });
      }
    }
    return fields;
  }

  /** A write that changed something and yet led to what we had written last: another was in between, unseen. */
  #unseenFight(state: KeyState, write: ReconcileWrite, mine: KubeObject): FlippingField[] {
    const theirs = state.written.get(idOf(write))?.theirs;
    if (!theirs || write.object?.metadata?.uid !== mine.metadata?.uid) return [];
    if (changedPaths(mine, write.object).some((path) => isStatus(path) === (write.subresource === "status"))) return [];
    return (theirs.paths ?? [])
      .filter((path) => !bookkeeping.test(path) && isStatus(path) === (write.subresource === "status"))
      .map((path) => ({
        kind: write.kind,
        object: refOf(write),
        path,
        writers: [this.#fieldManager, theirs.writer ?? "another writer"],
      }));
  }

  #remember(state: KeyState, changes: readonly ReconcileWrite[], now: number): void {
    if (changes.length === 0) return;
    state.busy = now - state.lastAt > this.#options.windowMs + (state.slow?.delayMs ?? 0) ? 1 : state.busy + 1;
    state.lastAt = now;
    const suspicious = state.busy >= 3;
    if (!suspicious) state.results.clear();
    for (const write of changes) {
      const id = idOf(write);
      let written = state.written.get(id);
      if (!written)
        state.written.set(
          id,
          (written = {
            kind: write.kind,
            object: refOf(write),
            versions: [],
            deleted: false,
            created: false,
            theirs: undefined,
          }),
        );
      if (write.resourceVersion !== undefined)
        written.versions = [...written.versions.slice(-15), write.resourceVersion];
      if (write.verb === "delete") written.deleted = true;
      if (write.verb === "create") written.created = true;
      if (!suspicious || !write.object) continue;
      const before = state.results.get(id);
      if (before) noteFlips(state, write, before, this.#fieldManager);
      state.results.set(id, write.object);
    }
    for (const id of state.written.keys()) {
      if (state.written.size <= 64) break;
      state.written.delete(id);
      state.results.delete(id);
    }
  }

  #slow(state: KeyState, round: Round, type: "self" | "fight", chain: Chain, now: number): Finding {
    const { slowMs, maxSlowMs } = this.#options;
    const first = state.slow === undefined;
    const delayMs = state.slow ? Math.min(maxSlowMs, state.slow.delayMs * 2) : slowMs;
    state.slow = { type, delayMs, until: now + delayMs };
    const churned = [...state.written.values()].filter((written) => written.deleted && written.created);
    return {
      type,
      key: round.key,
      first,
      rounds: chain.rounds,
      overMs: now - chain.since,
      delayMs,
      fieldManager: this.#fieldManager,
      fields: (type === "fight" ? state.fields : ownFlips(state)).slice(0, 8),
      churned: churned.map(({ kind, object }) => ({ kind, object })),
      written: [...state.written.values()].slice(0, 8).map(({ kind, object }) => ({ kind, object })),
    };
  }

  /**
   * Counts rounds in which one foreign writer set the same fields of our object's desired state. That is his right,
   * so the key is not slowed; who wonders why an object is always busy is told who keeps it so.
   */
  #countForeign(round: Round, now: number): Finding | undefined {
    const causes = round.causes.filter((cause): cause is EventCause => cause.type === "event");
    const wishes = causes.filter(
      (cause) => cause.changed === "spec" && cause.resource === this.#ownResource && keyOf(cause) === round.key,
    );
    const wish = wishes.at(-1);
    if (!wish || wish.writer === undefined || wish.writer === this.#fieldManager) return undefined;
    let state = this.#keys.get(round.key);
    if (!state) this.#keys.set(round.key, (state = newState(now)));
    const foreign = state.foreign;
    if (foreign?.writer !== wish.writer || now - foreign.lastAt > this.#options.windowMs) {
      state.foreign = { writer: wish.writer, rounds: 1, since: now, lastAt: now };
      return undefined;
    }
    foreign.rounds++;
    foreign.lastAt = now;
    // Later than a loop: others may be busy for a while. Told once.
    if (foreign.rounds !== Math.ceil(this.#options.rounds * 1.5)) return undefined;
    const object = { resource: wish.resource, namespace: wish.namespace, name: wish.name };
    return {
      type: "foreign",
      key: round.key,
      first: true,
      rounds: foreign.rounds,
      overMs: now - foreign.since,
      delayMs: 0,
      fieldManager: this.#fieldManager,
      fields: (wish.paths ?? []).map((path) => ({ kind: wish.resource, object, path, writers: [wish.writer!] })),
      churned: [],
      written: [],
    };
  }

  #rest(state: KeyState, type: "self" | "fight"): void {
    state[type].points = 0;
    state[type].rounds = 0;
    if (state.slow?.type === type) state.slow = undefined;
    if (type === "fight") {
      state.fields = [];
    } else {
      state.flips.clear();
      state.doubtfulFlips.clear();
    }
  }

  /** Lets go of keys that have been quiet; at most once a second, as it looks at all of them. */
  #sweep(): void {
    const now = this.#clock.monotonic();
    if (now - this.#sweptAt < 1_000) return;
    this.#sweptAt = now;
    for (const [key, state] of this.#keys) {
      const lastAt = Math.max(state.lastAt, state.foreign?.lastAt ?? 0);
      const patience = this.#options.windowMs + 2 * (state.slow?.delayMs ?? 0);
      if (now - lastAt > patience) this.#keys.delete(key);
    }
  }
}

export interface LoopGuardSettings {
  readonly clock: Clock;
  /** Who writes in the controller's name. */
  readonly fieldManager: string;
  /** Resource the controller is for, `webapps.apps.example.com`. */
  readonly ownResource: string;
  readonly thresholds?: LoopGuardOptions;
}

/** Names an object of any kind. */
export interface ObjectRef {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** One reconcile as the guard sees it. */
export interface Round {
  readonly key: string;
  readonly causes: readonly Cause[];
  own: number;
  reactions: number;
  outside: number;
  /** Objects of ours as others left them. */
  readonly before: Map<string, Left>;
}

/** An object as others left it, and who they are. */
interface Left {
  readonly object: KubeObject;
  readonly writer: string | undefined;
  readonly statusWriter: string | undefined;
}

interface Written {
  readonly kind: string;
  readonly object: ObjectRef;
  versions: string[];
  deleted: boolean;
  created: boolean;
  /** The last change of it by another. */
  theirs: EventCause | undefined;
}

/** Consecutive rounds that look like a loop. */
interface Chain {
  points: number;
  rounds: number;
  since: number;
  lastAt: number;
}

interface KeyState {
  readonly self: Chain;
  readonly fight: Chain;
  /** When a round last changed something. */
  lastAt: number;
  /** Consecutive rounds that changed something. */
  busy: number;
  readonly written: Map<string, Written>;
  /** Our last result per object, of suspicious keys only. */
  readonly results: Map<string, KubeObject>;
  readonly flips: Map<string, FlippingField>;
  readonly doubtfulFlips: Map<string, FlippingField>;
  fields: FlippingField[];
  slow: { readonly type: "self" | "fight"; readonly delayMs: number; readonly until: number } | undefined;
  foreign: { readonly writer: string; rounds: number; readonly since: number; lastAt: number } | undefined;
}

const newState = (now: number): KeyState => ({
  self: { points: 0, rounds: 0, since: now, lastAt: now },
  fight: { points: 0, rounds: 0, since: now, lastAt: now },
  lastAt: now,
  busy: 0,
  written: new Map(),
  results: new Map(),
  flips: new Map(),
  doubtfulFlips: new Map(),
  fields: [],
  slow: undefined,
  foreign: undefined,
});

const idOf = ({ resource, namespace, name }: ObjectRef): string => `${resource}/${namespace ?? ""}/${name}`;
const keyOf = ({ namespace, name }: NamespacedName | ObjectRef): string => (namespace ? `${namespace}/${name}` : name);

/** Notes the fields that our own last two writes of an object set differently. */
function noteFlips(state: KeyState, write: ReconcileWrite, before: KubeObject, fieldManager: string): void {
  // A recreated object differs in all it is born with; that it was recreated is told otherwise.
  if (write.object?.metadata?.uid !== before.metadata?.uid) return;
  for (const path of changedPaths(before, write.object)) {
    const doubtful = isStatus(path) && write.subresource !== "status";
    const field = { kind: write.kind, object: refOf(write), path, writers: [fieldManager] };
    (doubtful ? state.doubtfulFlips : state.flips).set(`${idOf(write)}#${path}`, field);
    if (state.flips.size + state.doubtfulFlips.size > 32) return;
  }
}

/** Between two of our writes others may have written the status, so it counts only where nothing else flips. */
function ownFlips(state: KeyState): FlippingField[] {
  return [...(state.flips.size > 0 ? state.flips : state.doubtfulFlips).values()];
}

const isStatus = (path: string): boolean => /^status($|[.[])/.test(path);

const refOf = ({ resource, namespace, name }: ObjectRef): ObjectRef => ({ resource, namespace, name });

const bookkeeping = /^metadata\.(resourceVersion|generation|managedFields)/;

function newer(a: string, b: string | undefined): boolean {
  // Versions of one resource compare as integers (KEP-5504); one that is none cannot be placed.
  return [a, b ?? ""].every((version) => /^\d+$/.test(version)) && BigInt(a) > BigInt(b!);
}
