import { encode, Tagged } from "cborg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countFrom, type Random, seededRandom } from "../support/random.ts";
import { inProcess, type Target } from "../target.ts";
import { readItems } from "./cbor-client.ts";
import { configMap, definition, deployment, widget } from "./objects.ts";

/** `HOMEOSTAT_FUZZ=100000` sends so many, `HOMEOSTAT_SEED` chooses others. */
const count = countFrom("HOMEOSTAT_FUZZ", 10_000);
const seed = countFrom("HOMEOSTAT_SEED", 1);
const group = "fuzz.example.com";
const core = "/api/v1/namespaces/default";

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly body: Uint8Array;
}

const kinds = [
  [`${core}/configmaps`, configMap("x", { a: "b" })],
  ["/apis/apps/v1/namespaces/default/deployments", deployment("x")],
  [`/apis/${group}/v1/namespaces/default/widgets`, widget(group, "x", { size: 1 })],
] as const;

type Breaker = (bytes: Uint8Array, random: Random) => Uint8Array;

/** What makes an object's bytes no object, however they were. */
const breakers: Readonly<Record<string, Breaker>> = {
  cut: (bytes, random) => bytes.subarray(0, random.below(bytes.length - 1) + 1),
  continued: (bytes, random) => Buffer.concat([bytes, noise(random)]),
  // A map's length is in its first byte, behind the tag if there is one: it claims more than there is.
  "longer than it is": (bytes) => Buffer.concat([Buffer.of(0xb7), bytes.subarray(bytes[0] === 0xd9 ? 4 : 1)]),
  noise: (_, random) => noise(random),
  "an item JSON does not have": (_, random) =>
    encode({
      metadata: { name: "x" },
      data: {
        a: random.pick([
          Number.NaN,
          Number.POSITIVE_INFINITY,
          undefined,
          new Tagged(2, noise(random)),
          new Tagged(3, noise(random)),
          new Map([[random.below(1e9), "a"]]),
          2n ** 63n + BigInt(random.below(1e9)),
        ]),
      },
    }),
  "nested without end": (_, random) =>
    Buffer.alloc(1001 + random.below(5000), random.pick([0x81, 0x9f, 0xa1, 0xbf, 0xd8, 0xc6])),
  "no object": (_, random) => encode(random.pick([null, true, random.below(1e9), 1.5, "text", [], [{}]])),
};

function noise(random: Random): Uint8Array {
  return Uint8Array.from({ length: 1 + random.below(80) }, () => random.below(256));
}

describe("malformed CBOR", () => {
  let target: Target;
  beforeAll(async () => {
    target = await inProcess();
    const transport = target.transport();
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const made = await transport({
      method: "POST",
      path,
      headers: { "content-type": "application/cbor" },
      body: encode(definition(group)),
    });
    expect(made.status).toBe(201);
    await target.advance(1000);
  });
  afterAll(() => target.close());

  it(`B061 is answered with a Status that refuses it, each of ${count}, seed ${seed}`, async () => {
    const wrong: string[] = [];
    const seen = new Map<string, number>();
    for (let index = 0; index < count && wrong.length < 10; index++) {
      const random = seededRandom(seed * 1_000_003 + index);
      const what = random.pick(Object.keys(breakers));
      const answer = await answered(request(what, random));
      seen.set(answer, (seen.get(answer) ?? 0) + 1);
      if (!/^4\d\d (BadRequest|Invalid)$/.test(answer)) wrong.push(`#${index} ${what}: ${answer}`);
    }
    expect(wrong).toEqual([]);
    expect([...seen.keys()]).toContain("400 BadRequest");
  }, 60_000);

  it(`B061 with a few bytes changed is taken or refused, and never breaks the server: ${count} of them`, async () => {
    const wrong: string[] = [];
    let refused = 0;
    for (let index = 0; index < count && wrong.length < 10; index++) {
      const random = seededRandom(seed * 7_000_003 + index);
      const sent = request(undefined, random);
      const answer = await answered({ ...sent, path: `${sent.path}${sent.method === "POST" ? "?" : "&"}dryRun=All` });
      if (!/^(2\d\d|4\d\d [A-Z])/.test(answer) && !/^500 failed to create typed patch object/.test(answer))
        wrong.push(`#${index}: ${answer}`);
      if (answer.startsWith("4")) refused++;
    }
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan(count / 2);
  }, 60_000);

  function request(what: string | undefined, random: Random): Sent {
    const [collection, object] = random.pick(kinds);
    const whole = encode(random.chance(0.5) ? new Tagged(55799, object) : object);
    const body = what === undefined ? changed(whole, random) : breakers[what]!(whole, random);
    return random.chance(0.5)
      ? { method: "POST", path: collection, type: "application/cbor", body }
      : { method: "PATCH", path: `${collection}/x?fieldManager=m`, type: "application/apply-patch+cbor", body };
  }

  function changed(bytes: Uint8Array, random: Random): Uint8Array {
    const copy = Uint8Array.from(bytes);
    for (let times = 1 + random.below(4); times > 0; times--) copy[random.below(copy.length)] = random.below(256);
    return copy;
  }

  /** Code and reason, or the message where it has none. What the type of an applied object does not know is a 500 without a reason, as upstream's. */
  async function answered({ method, path, type, body }: Sent): Promise<string> {
    const headers = { "content-type": type, accept: "application/cbor" };
    const answer = await target.transport()({ method, path, headers, body });
    const [item, ...others] = readItems(await answer.bytes()) as {
      kind?: string;
      code?: number;
      reason?: string;
      message?: string;
    }[];
    if (others.length > 0) return `${answer.status} with ${others.length + 1} items`;
    if (answer.status < 300) return String(answer.status);
    if (item?.kind !== "Status" || item.code !== answer.status) return `${answer.status} without a Status`;
    return `${answer.status} ${item.reason || item.message}`;
  }
});
