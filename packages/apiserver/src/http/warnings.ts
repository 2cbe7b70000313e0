/** Together warnings take not much more than this, in bytes: more would make headers that proxies refuse. */
const totalLimit = 4096;
/** Where they would take more, each is cut to this length. */
const cutLength = 256;

/** What a request's answer warns of: each text once, in the order of adding. Source: KEP-1693. */
export class Warnings {
  readonly #texts = new Set<string>();

  add(text: string): void {
    if (text !== "") this.#texts.add(text);
  }

  get texts(): readonly string[] {
    return [...this.#texts];
  }

  /** Values of `Warning` headers. */
  headers(): string[] {
    const values = this.texts.map(warningHeader);
    if (total(values) <= totalLimit) return values;
    const kept: string[] = [];
    for (const text of this.#texts) {
      const value = warningHeader(text.slice(0, cutLength));
      if (total(kept) + value.length > totalLimit) break;
      kept.push(value);
    }
    return kept;
  }
}

const total = (values: readonly string[]): number => values.reduce((sum, value) => sum + value.length, 0);

/** `299 - "text"`, with everything escaped that a header cannot hold. */
export function warningHeader(text: string): string {
  const plain = text.replace(/[\x00-\x1f\x7f]+/g, " ");
  const ascii = /^[\x20-\x7e]*$/.test(plain) ? plain : encodedWord(plain);
  return `299 - "${ascii.replace(/["\\]/g, "\\$&")}"`;
}

/** Text that is not ASCII travels as an encoded word. Source: RFC 2047, Q encoding. */
function encodedWord(text: string): string {
  const encoded = [...new TextEncoder().encode(text)].map((byte) => {
    if (byte === 0x20) return "_";
    const plain = byte > 0x20 && byte < 0x7f && !'=?_"\\'.includes(String.fromCharCode(byte));
    return plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return `=?utf-8?q?${encoded.join("")}?=`;
}
