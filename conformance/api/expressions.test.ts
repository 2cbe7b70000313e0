import { expect, it } from "vitest";
import { definition } from "./objects.ts";
import { behaviours } from "./suite.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

interface Rule {
  readonly rule: string;
  readonly message?: string;
}

behaviours("expressions of definitions", (world) => {
  let groups = 0;
  const withSpec = (spec: object, rules: readonly Rule[], group: string) =>
    definition(group, {
      versions: [
        {
          name: "v1",
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", ...spec, "x-kubernetes-validations": rules } },
            },
          },
        },
      ],
    });
  /** Answers to specs of a kind whose spec has these properties and rules. */
  const kind = async (properties: object, ...rules: readonly string[]) => {
    const group = `e${++groups}-${world.ours ? "own" : "any"}.example.com`;
    await world.define(
      withSpec(
        { properties },
        rules.map((rule) => ({ rule })),
        group,
      ),
    );
    const ns = await world.namespace();
    let names = 0;
    return (spec: object) =>
      world.api.post(`${ns.path(`${group}/v1`)}/widgets`, {
        apiVersion: `${group}/v1`,
        kind: "Widget",
        metadata: { name: `w${++names}` },
        spec,
      });
  };
  /** Whether a rule accepts a spec of these properties. */
  const holds = async (properties: object, rule: string, spec: object): Promise<boolean> => {
    const answer = await (await kind(properties, rule))(spec);
    expect([201, 422]).toContain(answer.status);
    return answer.status === 201;
  };
  const text = { type: "string" };
  const texts = { type: "array", items: text };

  it("B203 knows absent fields by has(), and fails rules that read them", async () => {
    const send = await kind({ a: text, b: text }, "has(self.a) || self.b == 'x'");
    expect((await send({ a: "1" })).status).toBe(201);
    expect((await send({ b: "x" })).status).toBe(201);
    const { status, body } = await send({});
    expect([status, body.details.causes[0].message]).toEqual([422, expect.stringContaining("no such key: b")]);
  });

  it("B203 escapes names that expressions cannot have, and hides what is unknown", async () => {
    const properties = {
      "my-name": text,
      namespace: text,
      a__b: text,
      "x.y": text,
      free: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { known: text } },
      either: { "x-kubernetes-int-or-string": true },
    };
    const rule = [
      "self.my__dash__name == 'a'",
      "self.__namespace__ == 'b'",
      "self.a__underscores__b == 'c'",
      "self.x__dot__y == 'd'",
      "self.free.known == 'e'",
      "(type(self.either) == int ? self.either == 5 : self.either == '5')",
    ].join(" && ");
    const spec = { "my-name": "a", namespace: "b", a__b: "c", "x.y": "d", free: { known: "e", more: 1 } };
    const send = await kind(properties, rule);
    expect((await send({ ...spec, either: 5 })).status).toBe(201);
    expect((await send({ ...spec, either: "5" })).status).toBe(201);
    expect((await send({ ...spec, either: "6" })).status).toBe(422);
    const bad = withSpec({ properties }, [{ rule: "self.free.more == 1" }], "hidden.example.com");
    expect((await world.api.post(definitions, bad)).status).toBe(422);
  });

  it("B204 reads formats as times, durations and bytes, and nothing where it may be null", async () => {
    const properties = {
      at: { ...text, format: "date-time" },
      long: { ...text, format: "duration" },
      raw: { ...text, format: "byte" },
      none: { ...text, nullable: true },
    };
    const rule =
      "self.at < timestamp('2026-02-01T00:00:00Z') && self.long > duration('1m') && self.raw == b'hi' && self.none == null";
    const spec = { at: "2026-01-01T00:00:00Z", long: "90s", raw: "aGk=", none: null };
    expect(await holds(properties, rule, spec)).toBe(true);
    expect(await holds(properties, rule, { ...spec, long: "30s" })).toBe(false);
  });

  it("B205 compares sets without order, and joins sets and keyed lists", async () => {
    const set = { ...texts, "x-kubernetes-list-type": "set" };
    expect(await holds({ a: set, b: set }, "self.a == self.b", { a: ["x", "y"], b: ["y", "x"] })).toBe(true);
    expect(await holds({ a: texts, b: texts }, "self.a == self.b", { a: ["x", "y"], b: ["y", "x"] })).toBe(false);
    expect(await holds({ a: set, b: set }, "(self.a + self.b).size() == 3", { a: ["x", "y"], b: ["y", "z"] })).toBe(
      true,
    );
    const keyed = {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["k"],
      items: { type: "object", required: ["k"], properties: { k: text, v: text } },
    };
    const rule = "(self.a + self.a).size() == 1 && (self.a + self.a)[0].v == 'a'";
    expect(await holds({ a: keyed }, rule, { a: [{ k: "1", v: "a" }] })).toBe(true);
  });

  it.each([
    ["macros", "self.l.all(x, x != 'z') && self.l.exists_one(x, x == 'a') && self.l.map(x, x + '!').size() == 3"],
    ["lists", "[1, 2, 3].sum() == 6 && [3, 1].min() == 1 && self.l.isSorted() && self.l.indexOf('b') == 1"],
    ["regular expressions", "'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+') == ['1', '22']"],
    ["URLs", "isURL('https://example.com:80/p') && url('https://example.com:80/p').getHost() == 'example.com:80'"],
    ["optional values", "self.?t.orValue('none') == 'text' && !self.?gone.hasValue()"],
    ["quantities", "quantity('1Gi').isGreaterThan(quantity('900Mi')) && isQuantity('5k') && !isQuantity('x')"],
    ["texts", "self.t.upperAscii() == 'TEXT' && 'a,b'.split(',').size() == 2 && 'abc'.substring(1) == 'bc'"],
    ["sets", "sets.contains(self.l, ['a']) && sets.intersects(self.l, ['c', 'd'])"],
    ["addresses", "isIP('10.0.0.1') && ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.2.3')"],
    ["formats", "!format.dns1123Label().validate('good-name').hasValue()"],
    ["pairs", "self.l.all(i, v, i < 3 && v != '')"],
    ["versions", "semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('1.2.3')"],
    ["numbers of two types", "1 < 1.5 && 2.0 > 1 && self.n <= 1.0"],
  ])("B206 has functions for %s", async (_, rule) => {
    const properties = { l: texts, t: text, gone: text, n: { type: "integer" } };
    expect(await holds(properties, rule, { l: ["a", "b", "c"], t: "text", n: 1 })).toBe(true);
  });

  it("B210 holds whole numbers equal whatever their type", async () => {
    const properties = { i: { type: "integer" }, d: { type: "number" } };
    const rule = "dyn(self.d) == 1 && dyn(self.i) == 1.0 && dyn(self.d) == dyn(self.i)";
    expect(await holds(properties, rule, { i: 1, d: 1 })).toBe(true);
    expect(await holds(properties, rule, { i: 1, d: 1.5 })).toBe(false);
  });

  it("B207 refuses what would take too long to judge", async () => {
    const list = { type: "array", items: { type: "integer" }, maxItems: 300 };
    const send = await kind({ l: list }, "self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))");
    expect((await send({ l: [1, 2] })).status).toBe(201);
    const { status, body } = await send({ l: Array.from({ length: 300 }, (_, index) => index) });
    expect([status, JSON.stringify(body.details.causes)]).toEqual([422, expect.stringMatching(/cost/)]);
  });

  it("B208 asks rules only about what has the right shape", async () => {
    const send = await kind({ a: { type: "integer" } }, "self.a > 5");
    const { status, body } = await send({ a: "text" });
    expect(status).toBe(422);
    const fields = (body.details.causes as { field: string; reason: string }[]).map(({ field }) => field);
    expect(fields[0]).toBe("spec.a");
    expect(JSON.stringify(body.details.causes)).not.toContain("failed rule");
  });

  it.each([
    ["that is no expression", "self.a >"],
    ["about a field that is not there", "self.nothing == 1"],
    ["that is no truth value", "self.a"],
    ["with a function that there is not", "magic(self.a)"],
  ])("B198 refuses a rule %s", async (_, rule) => {
    const group = `bad${++groups}.example.com`;
    const { status, body } = await world.api.post(
      definitions,
      withSpec({ properties: { a: { type: "integer" } } }, [{ rule }], group),
    );
    expect([status, body.details.causes[0].field]).toEqual([
      422,
      "spec.versions[0].schema.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule",
    ]);
  });

  it("B183 reads patterns as RE2 does", async () => {
    const group = `pattern${++groups}.example.com`;
    const pattern = (text: string, of: string) =>
      withSpec({ properties: { a: { type: "string", pattern: text } } }, [], of);
    expect((await world.api.post(definitions, pattern("(?=a)b", group))).status).toBe(422);
    expect((await world.api.post(definitions, pattern("(a)\\1", group))).status).toBe(422);
    await world.define(pattern("^(?i)[a-z]+\\z", group));
    const ns = await world.namespace();
    const path = `${ns.path(`${group}/v1`)}/widgets`;
    const send = (name: string, a: string) => world.api.post(path, { metadata: { name }, spec: { a } });
    expect((await send("x", "ABC")).status).toBe(201);
    expect((await send("y", "A1")).status).toBe(422);
  });

  it("B190 prints the columns that a definition declares", async () => {
    const group = `columns${++groups}.example.com`;
    const columns = [
      { name: "Size", type: "integer", jsonPath: ".spec.size" },
      { name: "born", type: "date", jsonPath: ".metadata.creationTimestamp", priority: 1 },
      { name: "First", type: "integer", jsonPath: ".spec.list[*]" },
      { name: "Wrong", type: "integer", jsonPath: ".spec.word" },
      { name: "None", type: "string", jsonPath: ".spec.nothing" },
    ];
    const free = { "x-kubernetes-preserve-unknown-fields": true };
    const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", ...free } } } };
    await world.define(
      definition(group, {
        versions: [
          { name: "v1", schema, additionalPrinterColumns: columns },
          { name: "v2", schema },
        ],
      }),
    );
    const ns = await world.namespace();
    await world.api.make(`${ns.path(`${group}/v1`)}/widgets`, {
      metadata: { name: "w" },
      spec: { size: 3, list: [7, 8], word: "text" },
    });
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const table = async (version: string) =>
      (await world.api.get(`${ns.path(`${group}/${version}`)}/widgets`, { accept })).body;
    const shown = await table("v1");
    expect(
      shown.columnDefinitions.map(({ name, priority }: { name: string; priority: number }) => [name, priority]),
    ).toEqual([
      ["Name", 0],
      ["Size", 0],
      ["born", 1],
      ["First", 0],
      ["Wrong", 0],
      ["None", 0],
    ]);
    const [name, size, born, first, wrong, none] = shown.rows[0].cells;
    expect([name, size, first, wrong, none]).toEqual(["w", 3, 7, null, null]);
    expect(born).toMatch(/^\d+s$/);
    expect((await table("v2")).columnDefinitions.map((column: { name: string }) => column.name)).toEqual([
      "Name",
      "Age",
    ]);
  });
});
