/** Sets of members by key, where each member says anew which keys it belongs to. */
export class IndexMap<Member> {
  readonly #members = new Map<string, Set<Member>>();
  readonly #keys = new Map<Member, readonly string[]>();

  /** Replaces the keys of a member; none removes it. */
  set(member: Member, keys: Iterable<string>): void {
    for (const key of this.#keys.get(member) ?? []) {
      const members = this.#members.get(key);
      members?.delete(member);
      if (members?.size === 0) this.#members.delete(key);
    }
    const list = [...new Set(keys)];
    if (list.length === 0) this.#keys.delete(member);
    else this.#keys.set(member, list);
    for (const key of list) {
      const members = this.#members.get(key) ?? new Set();
      this.#members.set(key, members.add(member));
    }
  }

  get(key: string): Iterable<Member> {
    return this.#members.get(key) ?? [];
  }

  has(key: string): boolean {
    return this.#members.has(key);
  }
}
