import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Clock } from "@homeostat/api";
import { connect, type HttpTransport, KubeconfigError, loadKubeconfig } from "@homeostat/runtime";
import { CommandError } from "../../errors.ts";
import type { Clusters } from "../documents/test-document.ts";
import { Cluster } from "./cluster.ts";
import { type KubeOverrides, resolveWithOverrides } from "./overrides.ts";

/** Clusters as they are opened: each once, however many tests use it. */
export class ClusterRegistry implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #transports: HttpTransport[] = [];
  readonly #opened = new Map<string, Promise<Cluster>>();
  #folder: Promise<string> | undefined;
  #written = 0;

  constructor(clock: Clock, env: Readonly<Record<string, string | undefined>>) {
    this.#clock = clock;
    this.#env = env;
  }

  /**
   * A cluster of a kubeconfig.
   *
   * @param path default: as kubectl finds it
   * @param overrides what flags say of it
   */
  open(
    path: string | undefined,
    context: string | undefined,
    cwd: string,
    overrides: KubeOverrides = {},
  ): Promise<Cluster> {
    const key = JSON.stringify([path, context, cwd, overrides]);
    let opened = this.#opened.get(key);
    if (!opened) {
      opened = this.#open(path, context, cwd, overrides);
      this.#opened.set(key, opened);
    }
    return opened;
  }

  async #open(
    path: string | undefined,
    context: string | undefined,
    cwd: string,
    overrides: KubeOverrides,
  ): Promise<Cluster> {
    try {
      const readFile = (file: string): string => readFileSync(file, "utf8");
      const host = { env: this.#env, homeDir: homedir(), workDir: cwd, readFile };
      const config = loadKubeconfig(host, path ? resolve(cwd, path) : undefined);
      const resolved = resolveWithOverrides(config, context, overrides);
      const kubeconfig = await this.write(
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          "current-context": resolved.name,
          contexts: [
            {
              name: resolved.name,
              context: {
                cluster: "cluster",
                user: "user",
                ...(resolved.namespace ? { namespace: resolved.namespace } : {}),
              },
            },
          ],
          clusters: [{ name: "cluster", cluster: resolved.cluster }],
          users: [{ name: "user", user: resolved.user }],
        }),
      );
      const { transport, server } = connect({ host, clock: this.#clock, kubeconfig });
      this.#transports.push(transport);
      return new Cluster({ transport, server, kubeconfig, clock: this.#clock });
    } catch (error) {
      if (!(error instanceof KubeconfigError)) throw error;
      throw new CommandError(error.message, { cause: error });
    }
  }

  /** Writes a kubeconfig where only this user can read it. @returns its path */
  async write(text: string): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), "homeostat-e2e-"));
    const path = join(await this.#folder, `kubeconfig-${this.#written++}`);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const transport of this.#transports.splice(0)) transport.close();
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true });
  }
}

/** Names of clusters that can be seen from a place in a test: what is named again further in hides what is outside. */
export class ClusterNames {
  readonly #registry: ClusterRegistry;
  readonly #main: Cluster | undefined;
  readonly #named: ReadonlyMap<string, () => Promise<Cluster>>;
  /** Undefined where there is no cluster. */
  readonly current: () => Promise<Cluster | undefined>;

  constructor(
    registry: ClusterRegistry,
    main: Cluster | undefined,
    named: ReadonlyMap<string, () => Promise<Cluster>> = new Map(),
    current: () => Promise<Cluster | undefined> = async () => main,
  ) {
    this.#registry = registry;
    this.#main = main;
    this.#named = named;
    this.current = current;
  }

  /**
   * @param folder where paths start
   * @throws CommandError for a name that nobody has given
   */
  within(scope: { readonly clusters?: Clusters; readonly cluster?: string }, folder: string): ClusterNames {
    const { clusters, cluster } = scope;
    if (!clusters && cluster === undefined) return this;
    const named = new Map(this.#named);
    for (const [name, { kubeconfig, context }] of Object.entries(clusters ?? {})) {
      named.set(name, () => this.#registry.open(kubeconfig, context, folder));
    }
    let current = this.current;
    if (cluster === "") current = async () => this.#main;
    else if (cluster !== undefined) {
      const open = named.get(cluster);
      if (!open) {
        throw new CommandError(
          `there is no cluster ${JSON.stringify(cluster)}: name its kubeconfig under clusters, or with --cluster ${cluster}=FILE`,
        );
      }
      current = open;
    }
    return new ClusterNames(this.#registry, this.#main, named, current);
  }
}
