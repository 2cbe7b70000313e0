/** An IPv4 range, `10.96.0.0/12`, with addresses as numbers. */
export interface Ipv4Range {
  readonly first: number;
  readonly size: number;
}

/** @throws RangeError when the text is no IPv4 range */
export function parseIpv4Range(cidr: string): Ipv4Range {
  const [base = "", length = ""] = cidr.split("/");
  const address = parseIpv4(base);
  const bits = /^\d{1,2}$/.test(length) ? Number(length) : Number.NaN;
  if (address === undefined || !(bits >= 8 && bits <= 30)) {
    throw new RangeError(`service range "${cidr}" is no IPv4 range: write it like 10.96.0.0/16, with 8 to 30 bits`);
  }
  const size = 2 ** (32 - bits);
  return { first: address - (address % size), size };
}

/** An IPv4 address as a number; undefined for any other text. */
export function parseIpv4(address: string): number | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
