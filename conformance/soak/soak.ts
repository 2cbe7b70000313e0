import { getEventListeners } from "node:events";
import {
  ConfigMap,
  createVirtualClock,
  type KubeObject,
  Namespace,
  type Resource,
  Secret,
  type Stored,
  type Transport,
  type VirtualClock,
} from "@homeostat/api";
import { createMemoryStorage, type Storage } from "@homeostat/apiserver";
import { ConnectionLost, createDevCluster, type DevCluster, faults, installResources } from "@homeostat/devcluster";
import { type CacheWatchOptions, type Client, createClient, type Logger } from "@homeostat/runtime";
import { numbers, slowAndGone } from "./disturbances.ts";
import {
  createSeen,
  declaring,
  glancing,
  mirroring,
  recording,
  type Seen,
  Site,
  settings,
  settled,
} from "./operators.ts";
import { elected, Process, sharded } from "./processes.ts";

const minutes = 60_000;
const namespaces = ["team-a", "team-b"];
const kinds: readonly Resource[] = [Site, ConfigMap, Secret];

export interface SoakResult {
  /** What was done to them, by kind. */
  readonly disturbances: Readonly<Record<string, number>>;
  /** What is wrong at the end; empty where all is well. */
  readonly findings: readonly string[];
  /** Timers, requests and listeners left over once everything has stopped. */
  readonly leftOver: readonly string[];
  readonly reconciles: number;
}

/**
 * Thirty minutes of virtual time: people edit, servers restart, watches break, requests fail in every way, answers take
 * long, lines are cut, clocks are set, processes end. Then it is quiet, and the world is compared with what was wanted.
 */
export async function soak(seed: number, durationMs = 30 * minutes): Promise<SoakResult> {
  const soak = new Soak(seed);
  await soak.begin();
  await soak.disturb(durationMs);
  await soak.calm();
  const findings = await soak.findings();
  const leftOver = await soak.end();
  return { disturbances: soak.disturbances, findings, leftOver, reconciles: soak.reconciles };
}

class Soak {
  readonly clock: VirtualClock = createVirtualClock();
  readonly disturbances: Record<string, number> = {};
  reconciles = 0;
  readonly #random: () => number;
  readonly #storage: Storage;
  readonly #seen: Seen = createSeen();
  readonly #errors: string[] = [];
  readonly #plan;
  readonly #slow;
  #cluster: DevCluster | undefined;
  #processes: Process[] = [];
  readonly #admin: Client;
  /** Text by key. */
  readonly #sites = new Map<string, string>();
  readonly #mirrored = new Map<string, string>();
  #settings = "none";
  #edits = 0;

  constructor(seed: number) {
    this.#random = numbers(seed);
    // What a restarted server finds again; little is kept of the past, so that watches meet 410 by themselves.
    const storage = createMemoryStorage({ clock: this.clock, historyMs: 20_000, minEvents: 50 });
    this.#storage = { ...storage, close: async () => {} };
    this.#admin = createClient({ transport: this.#transport, clock: this.clock, userAgent: "people" });
    this.#plan = faults({
      seed,
      rules: [
        { type: "watchDropped", probability: 0.3 },
        { type: "connectionLost", probability: 0.04 },
        { type: "tooManyRequests", probability: 0.04 },
        { type: "internalError", probability: 0.04 },
        { type: "conflict", probability: 0.08 },
        { type: "answerLost", probability: 0.05 },
      ],
    });
    this.#slow = slowAndGone(this.clock, this.#random, 15_000);
  }

  async begin(): Promise<void> {
    await this.#serve();
    await installResources(this.#admin, this.clock, [Site]);
    for (const name of namespaces) await this.#admin.create(Namespace, { metadata: { name } });
    const log: Logger = {
      debug() {},
      info() {},
      warn() {},
      error: (fields, message) => void this.#errors.push(`${message}: ${String(fields["err"] ?? "")}`),
      child: () => log,
    };
    const interceptors = [this.#slow.interceptor, this.#plan.interceptor];
    const common = { shared: this.clock, transport: this.#transport, interceptors, random: this.#random, log };
    const count = { onReconciled: () => void this.reconciles++ };
    const leading = () => [declaring(this.#seen), recording(this.#seen)];
    const sharing = () => [mirroring(this.#seen)];
    const manager = (options: (identity: string) => object) => (identity: string) => ({
      ...options(identity),
      ...count,
    });
    this.#processes = [
      new Process({ ...common, name: "leading-a", controllers: leading, manager: manager(elected) }),
      new Process({ ...common, name: "leading-b", controllers: leading, manager: manager(elected) }),
      new Process({ ...common, name: "sharing-a", controllers: sharing, manager: manager(sharded) }),
      new Process({ ...common, name: "sharing-b", controllers: sharing, manager: manager(sharded) }),
      new Process({
        ...common,
        name: "following",
        controllers: () => [settled(this.#seen), glancing(this.#seen)],
        manager: manager(() => ({ namespaces: { matching: "kubernetes.io/metadata.name in (team-a,team-b)" } })),
      }),
    ];
    await this.clock.advance(30_000);
  }

  async disturb(durationMs: number): Promise<void> {
    const end = this.clock.monotonic() + durationMs;
    while (this.clock.monotonic() < end) {
      await this.#disturbOnce();
      await this.clock.advance(this.#random() < 0.3 ? 0 : this.#random() * 8_000);
    }
  }

  /** No more faults, and time for everything to get over them. */
  async calm(): Promise<void> {
    this.#plan.stop();
    this.#slow.stop();
    for (const process of this.#processes) process.line.mend();
    // Longer than any backoff: failed keys are tried again after sixteen minutes at most.
    await this.clock.advance(20 * minutes);
    for (const type of this.#plan.injected) this.#count(type.type);
    this.disturbances["slow"] = this.#slow.counts.slow;
    this.disturbances["gone"] = this.#slow.counts.gone;
  }

  async findings(): Promise<string[]> {
    const findings: string[] = [];
    const kept = new Map<Resource, readonly Stored<KubeObject>[]>();
    for (const kind of kinds) kept.set(kind, (await this.#admin.list(kind)).items);
    for (const process of this.#processes) findings.push(...(await cacheFindings(process, kept)));
    findings.push(...this.#worldFindings(kept));
    const open = this.#processes.map(({ name, line }) => `${name} has ${line.open}`);
    // A watch for each kind and selection, and none that nobody reads.
    for (const [at, { line }] of this.#processes.entries())
      if (line.open > 8) findings.push(`open requests: ${open[at]}`);
    for (const { name, line } of this.#processes)
      for (const reference of line.signals) {
        const signal = reference.deref();
        const listeners = signal ? getEventListeners(signal, "abort").length : 0;
        if (listeners > 8) findings.push(`${name}: ${listeners} listeners on one signal`);
      }
    return findings;
  }

  async end(): Promise<string[]> {
    const leftOver: string[] = [];
    for (const process of this.#processes)
      if (!(await this.#ends(process.stop()))) leftOver.push(`${process.name} does not stop`);
    if (!(await this.#ends(this.#cluster!.stop()))) leftOver.push("the server does not stop");
    for (const { name, line } of this.#processes)
      if (line.open > 0) leftOver.push(`${name}: ${line.open} open requests`);
    if (this.clock.next() !== undefined) leftOver.push(`a timer at ${this.clock.next()}, now is ${this.clock.now()}`);
    for (const { name, line } of this.#processes)
      for (const reference of line.signals) {
        const signal = reference.deref();
        const listeners = signal ? getEventListeners(signal, "abort").length : 0;
        if (listeners > 0) leftOver.push(`${name}: ${listeners} listeners on a signal`);
      }
    return leftOver;
  }

  /** Runs time until the work has ended. @returns false where it does not within ten minutes, or nothing is left to do */
  async #ends(work: Promise<void>): Promise<boolean> {
    let ended = false;
    work.then(() => {
      ended = true;
    });
    for (const limit = this.clock.monotonic() + 10 * minutes; !ended && this.clock.monotonic() < limit; ) {
      for (let chance = 0; chance < 8 && !ended; chance++) await this.clock.settle();
      const next = this.clock.next();
      if (ended || next === undefined) break;
      await this.clock.advance(next - this.clock.now());
    }
    return ended;
  }

  readonly #transport: Transport = async (request) => {
    if (!this.#cluster) throw new ConnectionLost(`${request.method} ${request.path}: connection refused`);
    return this.#cluster.transport()(request);
  };

  async #serve(): Promise<void> {
    this.#cluster = await createDevCluster({
      clock: this.clock,
      random: this.#random,
      storage: this.#storage,
      controllers: ["garbage-collector"],
    });
  }

  async #disturbOnce(): Promise<void> {
    const [draw, process] = [this.#random(), this.#processes[Math.floor(this.#random() * this.#processes.length)]!];
    if (draw < 0.85) return this.#edit();
    if (draw < 0.88) return this.#restartServer();
    if (draw < 0.92) {
      this.#count("clock jump");
      return process.clock.jump((this.#random() - 0.5) * 4 * 60 * minutes);
    }
    if (draw < 0.96) {
      this.#count("line cut");
      process.line.cut();
      this.clock.setTimer(() => process.line.mend(), this.#random() * 40_000);
      return;
    }
    this.#count("process restart");
    // Not waited for: others go on meanwhile.
    void process.restart();
  }

  async #restartServer(): Promise<void> {
    this.#count("server restart");
    const cluster = this.#cluster!;
    this.#cluster = undefined;
    await cluster.stop();
    await this.clock.advance(this.#random() * 10_000);
    await this.#serve();
  }

  async #edit(): Promise<void> {
    const text = `text ${this.#edits++}`;
    const namespace = namespaces[Math.floor(this.#random() * namespaces.length)]!;
    const name = `object-${Math.floor(this.#random() * 5)}`;
    const [key, draw] = [`${namespace}/${name}`, this.#random()];
    const metadata = { namespace, name };
    const by = { fieldManager: "people", force: true };
    if (draw < 0.1 && this.#sites.has(key)) {
      this.#sites.delete(key);
      await this.#admin.delete(Site, metadata);
    } else if (draw < 0.45) {
      // One that is going is not to be brought back by an apply.
      const found = await this.#admin.find(Site, metadata);
      if (found?.metadata.deletionTimestamp !== undefined) return;
      this.#sites.set(key, text);
      await this.#admin.apply(Site, Site.object({ metadata, spec: { text } }), by);
    } else if (draw < 0.55) {
      // Somebody meddles with a child.
      const child = await this.#admin.find(ConfigMap, metadata);
      if (!child) return;
      if (this.#random() < 0.5) await this.#admin.delete(ConfigMap, metadata);
      else await this.#admin.patchMerge(ConfigMap, metadata, { data: { text: "meddled with" } });
    } else if (draw < 0.65) {
      this.#settings = text;
      await this.#admin.apply(ConfigMap, { metadata: settings, data: { text } } as ConfigMap, by);
    } else if (draw < 0.72) {
      if (this.#mirrored.delete(`${key}-marked`))
        await this.#admin.delete(ConfigMap, { namespace, name: `${name}-marked` });
    } else {
      this.#mirrored.set(`${key}-marked`, text);
      const marked = { namespace, name: `${name}-marked`, labels: { mirror: "yes" }, annotations: { text } };
      await this.#admin.apply(ConfigMap, { metadata: marked } as ConfigMap, by);
    }
  }

  #worldFindings(kept: ReadonlyMap<Resource, readonly Stored<KubeObject>[]>): string[] {
    const findings: string[] = [];
    const expectEqual = (what: string, found: unknown, wanted: unknown): void => {
      const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
      if (left !== right) findings.push(`${what}: found ${left}, wanted ${right}`);
    };
    const sites = kept.get(Site)! as readonly Stored<Site>[];
    const wanted = sorted(this.#sites);
    expectEqual("sites", sorted(sites.map((site) => [keyOf(site), site.spec.text])), wanted);
    for (const site of sites) {
      const { phase, observedGeneration } = site.status ?? {};
      if (phase !== "Ready" || observedGeneration !== site.metadata.generation)
        findings.push(`${keyOf(site)}: status ${JSON.stringify(site.status)} at ${site.metadata.generation}`);
    }
    const maps = kept.get(ConfigMap)! as readonly Stored<ConfigMap>[];
    const children = maps.filter((map) => map.metadata.ownerReferences?.[0]?.kind === "Site");
    expectEqual("children", sorted(children.map((map) => [keyOf(map), map.data?.["text"] ?? ""])), wanted);
    expectEqual(
      "records",
      sorted(this.#seen.records),
      sorted(sites.map((each) => [each.metadata.uid, each.spec.text])),
    );
    const secrets = (kept.get(Secret)! as readonly Stored<Secret>[]).filter(({ metadata }) => metadata.ownerReferences);
    const decode = (text = ""): string => Buffer.from(text, "base64").toString();
    expectEqual(
      "mirrors",
      sorted(secrets.map((each) => [keyOf(each), decode(each.data?.["text"])])),
      sorted([...this.#mirrored].map(([key, text]) => [`${key}-mirror`, text])),
    );
    const settledSites = [...this.#sites].filter(([key]) => key.startsWith("team-a/"));
    const known: Record<string, Iterable<readonly [string, string]>> = {
      declaring: this.#sites,
      recording: this.#sites,
      mirroring: this.#mirrored,
      glancing: this.#mirrored,
      settled: settledSites.map(([key, text]) => [
        key,
        `${text} ${this.#settings === "none" ? undefined : this.#settings}`,
      ]),
    };
    for (const [controller, texts] of Object.entries(known)) {
      const seen = this.#seen.texts.get(controller);
      for (const [key, text] of texts)
        if (seen?.get(key) !== text) findings.push(`${controller} saw ${seen?.get(key)} of ${key}, not ${text}`);
    }
    return findings;
  }

  #count(what: string): void {
    this.disturbances[what] = (this.disturbances[what] ?? 0) + 1;
  }
}

/** What a process watches, and which objects that should be. */
interface Watched {
  readonly kind: Resource;
  readonly selection: CacheWatchOptions<KubeObject>;
  readonly selects: (object: KubeObject) => boolean;
}

const everything = (kind: Resource): Watched => ({ kind, selection: {}, selects: () => true });
const marked = (metadataOnly: boolean): Watched => ({
  kind: ConfigMap,
  selection: { labelSelector: "mirror=yes", metadataOnly },
  selects: ({ metadata }) => metadata?.labels?.["mirror"] === "yes",
});
const watchedBy: Readonly<Record<string, readonly Watched[]>> = {
  leading: [everything(Site), everything(ConfigMap)],
  sharing: [everything(Secret), marked(false)],
  following: [
    { kind: Site, selection: { namespace: "team-a" }, selects: ({ metadata }) => metadata?.namespace === "team-a" },
    { kind: ConfigMap, selection: settings, selects: (object) => keyOf(object) === "team-a/settings" },
    marked(true),
  ],
};

/** Joins the watches of a process, which are long in sync, and compares what they hold. */
async function cacheFindings(
  { name, manager }: Process,
  kept: ReadonlyMap<Resource, readonly Stored<KubeObject>[]>,
): Promise<string[]> {
  const findings: string[] = [];
  for (const { kind, selection, selects } of watchedBy[name.replace(/-.*/, "")]!) {
    const watch = manager.cache.watch(kind, selection);
    await watch.synced();
    const shown = (objects: readonly Stored<KubeObject>[]): string[] =>
      objects.map((each) => JSON.stringify(selection.metadataOnly ? plain(each).metadata : plain(each))).sort();
    const wanted = kind === ConfigMap && name === "following" ? kept.get(kind)!.filter(isFollowed) : kept.get(kind)!;
    const [held, right] = [shown(watch.store.list()), shown(wanted.filter(selects))];
    for (const each of held.filter((object) => !right.includes(object))) findings.push(`${name} holds ${each}`);
    for (const each of right.filter((object) => !held.includes(object))) findings.push(`${name} lacks ${each}`);
    watch.stop();
  }
  return findings;
}

/** The one process that watches namespaces rather than all. */
const isFollowed = ({ metadata }: KubeObject): boolean => namespaces.includes(metadata?.namespace ?? "");

/** Without what caches leave out. */
function plain(object: Stored<KubeObject>): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return canonical({ ...object, metadata }) as KubeObject;
}

/** Members in order: a list leaves kind and apiVersion to its head, so they come last there. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, canonical(member)]));
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata?.namespace}/${metadata?.name}`;
const sorted = (pairs: Iterable<readonly [string, string]>): (readonly [string, string])[] =>
  [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
