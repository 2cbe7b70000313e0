/** Names and uids the server makes up. */
export interface Identities {
  /** A random uid (RFC 4122, version 4). */
  uid(): string;
  /** `base` with five random characters, the base cut so that the whole stays within 63. Source: apiserver `names`. */
  generateName(base: string): string;
  /** So many random characters that read well in names: no vowels, no digits that look like letters. */
  suffix(length: number): string;
}

const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
const longestBase = 63 - suffixLength;

export function createIdentities(randomBytes: (count: number) => Uint8Array): Identities {
  const suffix = (length: number): string => {
    let result = "";
    for (const byte of randomBytes(length)) result += alphabet[byte % alphabet.length];
    return result;
  };
  return {
    uid() {
      const bytes = randomBytes(16).slice();
      bytes[6] = (bytes[6]! & 0x0f) | 0x40;
      bytes[8] = (bytes[8]! & 0x3f) | 0x80;
      const hex = Buffer.from(bytes).toString("hex");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
    suffix,
    generateName: (base) => base.slice(0, longestBase) + suffix(suffixLength),
  };
}
