import type { Json } from "@homeostat/api";

/** Names and their values as expressions see them, `$name`. Layers: what is added hides what was there, for itself only. */
export class Bindings {
  static readonly none = new Bindings(undefined, "", null);

  readonly #outer: Bindings | undefined;
  readonly #name: string;
  readonly #value: Json;

  private constructor(outer: Bindings | undefined, name: string, value: Json) {
    this.#outer = outer;
    this.#name = name;
    this.#value = value;
  }

  with(name: string, value: Json): Bindings {
    return new Bindings(this, name, value);
  }

  withAll(values: Readonly<Record<string, Json>>): Bindings {
    return Object.entries(values).reduce<Bindings>((all, [name, value]) => all.with(name, value), this);
  }

  /** Undefined where nothing has that name; `null` is a value. */
  get(name: string): Json | undefined {
    if (!this.#outer) return undefined;
    return this.#name === name ? this.#value : this.#outer.get(name);
  }

  /** All that can be seen. */
  toRecord(): Record<string, Json> {
    if (!this.#outer) return {};
    return { ...this.#outer.toRecord(), [this.#name]: this.#value };
  }
}
