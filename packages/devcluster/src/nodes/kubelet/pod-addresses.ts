import type { Node } from "@homeostat/api";

/** Hands out the addresses of a node's range, the lowest free one first. */
export class PodAddresses {
  readonly #byPod = new Map<string, string>();
  readonly #used = new Set<string>();

  /** The pod's address: the one it has, or a free one. @throws when the range is used up */
  take(podUid: string, node: Node, current: string | undefined): string {
    const known = current ?? this.#byPod.get(podUid);
    if (known !== undefined) {
      this.#byPod.set(podUid, known);
      this.#used.add(known);
      return known;
    }
    const { base, size } = rangeOf(node);
    // The first is the network, the second its gateway, the last the broadcast address.
    for (let offset = 2; offset < size - 1; offset++) {
      const address = addressText(base + offset);
      if (this.#used.has(address)) continue;
      this.#byPod.set(podUid, address);
      this.#used.add(address);
      return address;
    }
    throw new Error(`node ${node.metadata?.name ?? ""}: no address is free in ${node.spec?.podCIDR}`);
  }

  release(podUid: string): void {
    const address = this.#byPod.get(podUid);
    if (address === undefined) return;
    this.#byPod.delete(podUid);
    this.#used.delete(address);
  }
}

function rangeOf(node: Node): { base: number; size: number } {
  // Nodes that others made may have no range; then they share one.
  const [address = "", bits = "20"] = (node.spec?.podCIDR ?? "10.244.0.0/20").split("/");
  const base = address.split(".").reduce((value, part) => value * 256 + Number(part), 0);
  return { base, size: 2 ** (32 - Number(bits)) };
}

const addressText = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
