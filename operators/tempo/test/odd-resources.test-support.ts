import type { JsonObject } from "@homeostat/api";

/** Test support: resources with random parts of what their schema has, and odd values in them. */
export interface OddResources {
  /** A spec by the schema of a CRD. `share`: how probable each field that may be left out is. */
  spec(schema: JsonSchema, share: number): JsonObject;
  pick<T>(values: readonly T[]): T;
}

/** What of a CRD's schema is looked at. */
export interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly "x-kubernetes-int-or-string"?: boolean;
}

export const dotted63 = `${"a.b-".repeat(15)}a.b`;

const texts = [
  "",
  " ",
  "null",
  "yes",
  "ünïcode ☃",
  "a: b #c",
  "$(X)",
  "x".repeat(300),
  "line\nfeed",
  '"q"',
  "0x1f",
  "-",
];
const durations = ["30s", "0s", "1h", "-5s", "1.5h", "0", "2562047h", "500ms", "1ns", "", "soon", "2562048h"];
const quantities = [
  "0",
  0,
  "1",
  "200M",
  "10Gi",
  "1e3",
  "0.5m",
  "1E",
  "100m",
  7,
  "1.0000000001",
  "-1",
  9007199254740991,
];
const names = ["", "minio", "data", "tempo-conf", "bound-sa-token", "a.b", "a-b", dotted63, "x".repeat(253)];
const numbers = [0, 1, 2, 3, 7, -1, 2147483647];

/** Values by the last parts of a field's path; what is handed on to Kubernetes as it is gets what Kubernetes takes. */
const pools: readonly (readonly [RegExp, readonly unknown[]])[] = [
  [/\b(timeout|traces|maxSearchDuration|maxDuration|servicesQueryDuration|interval)$/, durations],
  [/(secret\.name|caName|certName|Ref\.name)$/, names],
  [/\bserviceAccount$/, ["", "mine", "tempo-odd", dotted63]],
  [/\bstorageClassName$/, ["", "ssd"]],
  [/\bhost$/, ["", "example.org"]],
  [/\bingressClassName$/, ["", "nginx"]],
  [/\bimages\.\w+$/, ["", "registry:5000/a/b@sha256:1", "a"]],
  [/\bsampling_fraction$/, ["", "0.1", "1", "x"]],
  [/\botlp_http_endpoint$/, ["", "http://collector:4318", "https://x", "collector"]],
  [
    /\bredirectURL|issuerURL|prometheusEndpoint|remoteWriteURLs\[\]$/,
    ["", "http://prom:9090/api?a=b&c", " https://x "],
  ],
  [/\bclaims$/, [[]]],
  [
    /\benv$/,
    [[], [{ name: "A", value: "ü\n" }, { name: "S3_SECRET_KEY" }, { name: "GOMEMLIMIT", value: "1" }, { name: "A" }]],
  ],
  [/\benvFrom$/, [[], [{ secretRef: { name: "s" } }, { prefix: "p", configMapRef: { name: "c", optional: true } }]]],
  [/\btolerations$/, [[], [{ operator: "Exists" }, { key: "k", effect: "NoExecute", tolerationSeconds: 0 }]]],
  [/\bpodSecurityContext$/, [{}, { fsGroup: 0 }, { runAsNonRoot: true, seLinuxOptions: {}, supplementalGroups: [] }]],
  [/\bnodeSelector$/, [{}, { "a.b/c": "" }]],
  [/\baffinity$/, [{}, { nodeAffinity: {}, podAntiAffinity: {} }]],
  [/\btopologyKey$/, ["", "zone", "topology.kubernetes.io/zone", "a b"]],
  [/Selector$/, [{}, { matchLabels: { a: "" } }, { matchExpressions: [{ key: "a", operator: "Exists" }] }]],
  [/Labels$/, [{}, { a: "", "app.kubernetes.io/name": "mine" }]],
  [/\breplicas$/, [0, 1, 2, 5, -1]],
];

export function oddResources(seed: number): OddResources {
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)]!;

  const object = (schema: JsonSchema, share: number, path: string): JsonObject => {
    const required = new Set(schema.required);
    const fields = Object.entries(schema.properties ?? {}).filter(([name]) => required.has(name) || random() < share);
    // Some parts are said in full, or what needs several fields at once would never be seen.
    const within = () => (random() < 0.3 ? 0.9 : share);
    return Object.fromEntries(fields.map(([name, inner]) => [name, value(inner, within(), `${path}.${name}`)]));
  };

  const value = (schema: JsonSchema, share: number, path: string): JsonObject[string] => {
    if (random() < 0.01) return null;
    const pool = pools.find(([pattern]) => pattern.test(path))?.[1];
    if (pool) return pick(pool) as string;
    if (schema.enum) return pick(schema.enum) as string;
    if (schema["x-kubernetes-int-or-string"]) return pick(quantities);
    switch (schema.type) {
      case "object":
        return schema.properties ? object(schema, share, path) : record(schema, share, path);
      case "array":
        return Array.from({ length: below(3) }, () => value(schema.items ?? {}, share, `${path}[]`));
      case "boolean":
        return random() < 0.5;
      case "integer":
        return Math.max(pick(numbers), schema.minimum ?? Number.NEGATIVE_INFINITY);
      case "string":
        return pick(texts);
      default:
        return anything(3);
    }
  };

  const record = ({ additionalProperties }: JsonSchema, share: number, path: string): JsonObject => {
    const inner = typeof additionalProperties === "object" ? additionalProperties : { type: "string" };
    const keys = Array.from({ length: below(3) }, () => pick(keysOf(path)));
    return Object.fromEntries(keys.map((key) => [key, value(inner, share, `${path}{}`)]));
  };

  const anything = (depth: number): JsonObject[string] => {
    const kind = below(depth > 0 ? 6 : 4);
    if (kind === 0) return pick(texts);
    if (kind === 1) return pick([0, 1.5, -1, 1e6, 4194304, 1e21, 0.00001]);
    if (kind === 2) return pick([true, false]);
    if (kind === 3) return null;
    if (kind === 4) return Array.from({ length: below(3) }, () => anything(depth - 1));
    const keys = ["server", "storage", "overrides", "null", "10", "a b", "constructor", "http_listen_port"];
    return Object.fromEntries(Array.from({ length: below(4) }, () => [pick(keys), anything(depth - 1)]));
  };

  return { spec: (schema, share) => object(schema, share, "spec"), pick };
}

function keysOf(path: string): readonly string[] {
  if (/(limits|requests)$/.test(path)) return ["cpu", "memory"];
  if (/perTenant$/.test(path)) return ["dev", "10", 'ünï "x"', "constructor", "null"];
  return ["a", "example.org/b"];
}

/** Mulberry32: the same numbers for the same seed, everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
