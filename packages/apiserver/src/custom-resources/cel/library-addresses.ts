import { EvaluationError } from "@marcbachmann/cel-js";
import { isIpv4, isIpv6 } from "../formats.ts";
import type { Library } from "./library.ts";

/** IP addresses and CIDR ranges. Source: kube-apiserver, cel/library/ip and cidr. */
export function registerAddressLibrary({ env, meter }: Library): void {
  const charge = (text: string): void => meter.charge(text.length / 10);
  env.registerType("net.IP", IpValue);
  env.registerType("net.CIDR", CidrValue);
  env.registerType("IpNamespace", IpNamespace);
  env.registerConstant("ip", "IpNamespace", new IpNamespace());

  env.registerFunction("isIP(string): bool", (text: string) => parseIp(text) !== undefined);
  env.registerFunction("ip(string): net.IP", (text: string) => {
    charge(text);
    return mustParse(parseIp(text), `IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  });
  env.registerFunction("IpNamespace.isCanonical(string): bool", (_: unknown, text: string) => {
    charge(text);
    return (
      mustParse(
        parseIp(text),
        `IP Address ${JSON.stringify(text)} parse error during conversion from string`,
      ).toString() === text
    );
  });
  const ip = (signature: string, handler: (ip: IpValue) => unknown): void => {
    env.registerFunction(`net.IP.${signature}`, handler);
  };
  ip("family(): int", (value) => BigInt(value.family));
  ip("isUnspecified(): bool", (value) => value.bits === 0n);
  ip("isLoopback(): bool", (value) => (value.family === 4 ? value.bits >> 24n === 127n : value.bits === 1n));
  ip("isLinkLocalMulticast(): bool", (value) =>
    value.family === 4 ? value.bits >> 8n === 0xe00000n : value.bits >> 112n === 0xff02n,
  );
  ip("isLinkLocalUnicast(): bool", (value) =>
    value.family === 4 ? value.bits >> 16n === 0xa9fen : value.bits >> 118n === 0xfe80n >> 6n,
  );
  ip("isGlobalUnicast(): bool", isGlobalUnicast);
  env.registerFunction("string(net.IP): string", (value: IpValue) => value.toString());
  env.registerOperator("net.IP == net.IP", (a: IpValue, b: IpValue) => a.equals(b));

  env.registerFunction("isCIDR(string): bool", (text: string) => parseCidr(text) !== undefined);
  env.registerFunction("cidr(string): net.CIDR", (text: string) => {
    charge(text);
    return mustParse(
      parseCidr(text),
      `network address parse error during conversion from string: ${JSON.stringify(text)}`,
    );
  });
  env.registerFunction("net.CIDR.containsIP(net.IP): bool", (range: CidrValue, value: IpValue) =>
    range.contains(value),
  );
  env.registerFunction("net.CIDR.containsIP(string): bool", (range: CidrValue, text: string) =>
    range.contains(
      mustParse(parseIp(text), `IP Address ${JSON.stringify(text)} parse error during conversion from string`),
    ),
  );
  const containsRange = (outer: CidrValue, inner: CidrValue): boolean =>
    outer.prefix <= inner.prefix && outer.contains(inner.ip);
  env.registerFunction("net.CIDR.containsCIDR(net.CIDR): bool", containsRange);
  env.registerFunction("net.CIDR.containsCIDR(string): bool", (outer: CidrValue, text: string) =>
    containsRange(
      outer,
      mustParse(parseCidr(text), `network address parse error during conversion from string: ${JSON.stringify(text)}`),
    ),
  );
  env.registerFunction("net.CIDR.ip(): net.IP", (range: CidrValue) => range.ip);
  env.registerFunction("net.CIDR.masked(): net.CIDR", (range: CidrValue) => range.masked());
  env.registerFunction("net.CIDR.prefixLength(): int", (range: CidrValue) => BigInt(range.prefix));
  env.registerFunction("string(net.CIDR): string", (range: CidrValue) => range.toString());
  env.registerOperator("net.CIDR == net.CIDR", (a: CidrValue, b: CidrValue) => a.equals(b));
}

class IpNamespace {}

class IpValue {
  readonly family: 4 | 6;
  readonly bits: bigint;

  constructor(family: 4 | 6, bits: bigint) {
    this.family = family;
    this.bits = bits;
  }

  get width(): number {
    return this.family === 4 ? 32 : 128;
  }

  equals(other: unknown): boolean {
    return other instanceof IpValue && other.family === this.family && other.bits === this.bits;
  }

  toString(): string {
    if (this.family === 4) return [24n, 16n, 8n, 0n].map((shift) => (this.bits >> shift) & 0xffn).join(".");
    const groups = Array.from({ length: 8 }, (_, index) =>
      Number((this.bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
    );
    return shortest(groups);
  }
}

/** The longest run of two or more zero groups, the first of those, becomes `::` (RFC 5952). */
function shortest(groups: readonly string[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(":");
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}

class CidrValue {
  readonly ip: IpValue;
  readonly prefix: number;

  constructor(ip: IpValue, prefix: number) {
    this.ip = ip;
    this.prefix = prefix;
  }

  contains(ip: IpValue): boolean {
    const shift = BigInt(this.ip.width - this.prefix);
    return ip.family === this.ip.family && ip.bits >> shift === this.ip.bits >> shift;
  }

  masked(): CidrValue {
    const shift = BigInt(this.ip.width - this.prefix);
    return new CidrValue(new IpValue(this.ip.family, (this.ip.bits >> shift) << shift), this.prefix);
  }

  equals(other: unknown): boolean {
    return other instanceof CidrValue && other.prefix === this.prefix && other.ip.equals(this.ip);
  }

  toString(): string {
    return `${this.ip}/${this.prefix}`;
  }
}

function mustParse<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new EvaluationError(message);
  return value;
}

/** Zones and IPv4 addresses inside of IPv6 ones are refused, as upstream does. */
function parseIp(text: string): IpValue | undefined {
  if (isIpv4(text)) return new IpValue(4, bitsOfIpv4(text));
  if (!isIpv6(text) || text.includes(".")) return undefined;
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const groups =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  const bits = groups.reduce((total, group) => (total << 16n) | BigInt(`0x${group}`), 0n);
  return bits >> 32n === 0xffffn ? undefined : new IpValue(6, bits);
}

function bitsOfIpv4(text: string): bigint {
  return text.split(".").reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function parseCidr(text: string): CidrValue | undefined {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const ip = match ? parseIp(match[1]!) : undefined;
  const prefix = Number(match?.[2]);
  return ip && prefix <= ip.width ? new CidrValue(ip, prefix) : undefined;
}

function isGlobalUnicast({ family, bits }: IpValue): boolean {
  if (bits === 0n) return false;
  if (family === 4) {
    const isMulticast = bits >> 28n === 0xen;
    return !isMulticast && bits >> 24n !== 127n && bits >> 16n !== 0xa9fen && bits !== 0xffffffffn;
  }
  return bits !== 1n && bits >> 120n !== 0xffn && bits >> 118n !== 0xfe80n >> 6n;
}
