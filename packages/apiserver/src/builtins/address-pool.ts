/**
 * What is handed out of a fixed supply, and to whom. Owners are named by uid: what somebody holds can be given to the
 * same owner again, so that a write that has to be tried once more does not run out of its own way.
 */
export class AddressPool {
  readonly #owners = new Map<number, string>();
  readonly #held = new Map<string, Set<number>>();
  readonly #first: number;
  readonly #size: number;
  #next = 0;

  /** @param first the first address, as a number @param size how many there are */
  constructor(first: number, size: number) {
    this.#first = first;
    this.#size = size;
  }

  contains(address: number): boolean {
    return address >= this.#first && address < this.#first + this.#size;
  }

  /** Whether `owner` can have the address: it is free, or already its own. */
  isFreeFor(address: number, owner: string): boolean {
    const holder = this.#owners.get(address);
    return holder === undefined || holder === owner;
  }

  take(address: number, owner: string): void {
    const former = this.#owners.get(address);
    if (former !== undefined) this.#forget(address, former);
    this.#owners.set(address, owner);
    const held = this.#held.get(owner);
    if (held) held.add(address);
    else this.#held.set(owner, new Set([address]));
  }

  /**
   * A free address, not taken yet; undefined when there is none. Goes round the pool, so that an address just given
   * back is not handed to somebody else at once.
   *
   * @param besides addresses that are spoken for in the same breath
   */
  find(besides: ReadonlySet<number>): number | undefined {
    for (let step = 0; step < this.#size; step++) {
      const address = this.#first + ((this.#next + step) % this.#size);
      if (this.#owners.has(address) || besides.has(address)) continue;
      return address;
    }
    return undefined;
  }

  /** Goes on from behind an address that was handed out. */
  advance(address: number): void {
    this.#next = (address - this.#first + 1) % this.#size;
  }

  /** Gives back all that `owner` holds, but for what is in `kept`. */
  release(owner: string, kept: ReadonlySet<number> = new Set()): void {
    for (const address of this.#held.get(owner) ?? []) if (!kept.has(address)) this.#forget(address, owner);
  }

  #forget(address: number, owner: string): void {
    this.#owners.delete(address);
    const held = this.#held.get(owner)!;
    held.delete(address);
    if (held.size === 0) this.#held.delete(owner);
  }
}
