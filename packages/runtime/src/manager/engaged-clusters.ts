import type { Cluster, Clusters } from "../multicluster/cluster.ts";

type NamedCluster = Cluster & { readonly name: string };

/** A controller as clusters see it. */
export interface ClusterMember {
  /** Whether it works on engaged clusters at all. */
  readonly wantsClusters: boolean;
  /** Resolves when its watches there are in sync; at once before it starts. */
  engage(cluster: NamedCluster): Promise<void>;
  disengage(name: string): Promise<void>;
}

/** The clusters of a manager beyond its own; controllers join as they are added, and are then told of all there are. */
export class EngagedClusters implements Clusters {
  readonly #clusters = new Map<string, NamedCluster>();
  readonly #members = new Set<ClusterMember>();
  #closed = false;

  get names(): readonly string[] {
    return [...this.#clusters.keys()];
  }

  get(name: string): Cluster | undefined {
    return this.#clusters.get(name);
  }

  async engage(cluster: NamedCluster): Promise<void> {
    const { name } = cluster;
    if (this.#closed) throw new Error(`cannot engage cluster "${name}": the manager is stopping`);
    if (!name) throw new Error("cannot engage a cluster without a name: requests carry it");
    if (this.#clusters.has(name)) throw new Error(`cannot engage cluster "${name}": one of that name is engaged`);
    this.#clusters.set(name, cluster);
    try {
      await Promise.all([...this.#members].map((member) => member.engage(cluster)));
    } catch (error) {
      // Half engaged is not engaged.
      if (this.#clusters.get(name) === cluster) await this.disengage(name);
      throw error;
    }
  }

  async disengage(name: string): Promise<void> {
    const cluster = this.#clusters.get(name);
    if (!cluster) return;
    this.#clusters.delete(name);
    await Promise.all([...this.#members].map((member) => member.disengage(name)));
    await cluster.close?.();
  }

  /** Resolves when its watches in all clusters are in sync. */
  async join(member: ClusterMember): Promise<void> {
    if (!member.wantsClusters) return;
    this.#members.add(member);
    await Promise.all([...this.#clusters.values()].map((cluster) => member.engage(cluster)));
  }

  /** Closes all, after the controllers have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    const clusters = [...this.#clusters.values()];
    this.#clusters.clear();
    await Promise.all(clusters.map((cluster) => cluster.close?.()));
  }
}
