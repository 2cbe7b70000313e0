import type { Random } from "../support/random.ts";

/** A request that no server may grant, whoever asks. */
export interface MalformedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Makes requests that are wrong in one way, with everything else about them at random. */
export interface Malformer {
  /** What is wrong. */
  readonly what: string;
  make(random: Random): MalformedRequest;
}

/** Where there is something to be asked for wrongly. */
export const group = "fuzz.example.com";
export const namespace = "/api/v1/namespaces/default";
export const collections = {
  configMaps: `${namespace}/configmaps`,
  pods: `${namespace}/pods`,
  services: `${namespace}/services`,
  deployments: "/apis/apps/v1/namespaces/default/deployments",
  widgets: `/apis/${group}/v1/namespaces/default/widgets`,
  leases: "/apis/coordination.k8s.io/v1/namespaces/default/leases",
  clusterRoles: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  definitions: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
} as const;
/** Those in which an object `kept` exists. */
export const withKept = [collections.configMaps, collections.deployments, collections.widgets, collections.services];

const letters = "abcdefghijklmnopqrstuvwxyz";

/** Lower case letters. */
export function word(random: Random, most = 12): string {
  return Array.from({ length: 1 + random.below(most) }, () => letters[random.below(letters.length)]!).join("");
}

/** Any characters: control ones, halves of pairs, other scripts. */
export function text(random: Random, most = 20): string {
  const ranges = [0x20, 0x80, 0x400, 0xd800, 0x1_0000];
  return Array.from({ length: random.below(most + 1) }, () =>
    String.fromCharCode(random.below(random.pick(ranges))),
  ).join("");
}

export function bytes(random: Random, most = 60): Uint8Array {
  return Uint8Array.from({ length: 1 + random.below(most) }, () => random.below(256));
}

/** Any value JSON has, of a few levels. */
export function junk(random: Random, depth = 3): unknown {
  switch (random.below(depth > 0 ? 9 : 6)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick([0, -1, 1, 1.5, 1e300, -1e-300, 2 ** 53, random.below(1e9)]);
    case 3:
      return text(random);
    case 4:
      return word(random);
    case 5:
      return random.pick(["", "__proto__", "constructor", "toString", "$patch", "metadata"]);
    case 6:
      return Array.from({ length: random.below(4) }, () => junk(random, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [
          random.pick([word(random), text(random, 5), "spec", "metadata", "kind"]),
          junk(random, depth - 1),
        ]),
      );
  }
}

/** Anything but a value of this type. */
export function notA(type: "string" | "number" | "object" | "array" | "boolean", random: Random): unknown {
  const others = {
    string: "text",
    number: 7,
    boolean: true,
    array: [junk(random, 1)],
    object: { [word(random)]: junk(random, 1) },
  };
  return random.pick(Object.entries(others).filter(([name]) => name !== type))[1];
}

/** A name that no object may have. */
export function badName(random: Random): string {
  return random.pick([
    `${word(random)}_${word(random)}`,
    word(random).toUpperCase(),
    `-${word(random)}`,
    `${word(random)}.`,
    `${word(random)}..${word(random)}`,
    `${word(random)} ${word(random)}`,
    `é${word(random)}`,
    "x".repeat(254 + random.below(1000)),
    `${word(random)}/${word(random)}`,
  ]);
}

export const json = (value: unknown): string => JSON.stringify(value);

/** A write that is wrong in its body. */
export function sent(
  method: string,
  path: string,
  body: string | Uint8Array,
  type = "application/json",
): MalformedRequest {
  return { method, path, body, headers: { "content-type": type } };
}
