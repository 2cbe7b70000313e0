import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { awkward } from "./awkward-texts.test-support.ts";
import { withExtraConfig } from "./extra-config.ts";
import { compactYaml, goFloat, quoted, wide, type YamlBlock } from "./yaml-text.ts";

describe("compactYaml", () => {
  it("4.2: puts items in the column of their key and honours how scalars are written", () => {
    const tree = {
      a: { list: ["x", { url: "y", name: "z" }], none: undefined },
      b: wide("/p"),
      c: quoted("1.3"),
      d: {},
    };
    expect(compactYaml(tree)).toBe('a:\n  list:\n  - x\n  - url: y\n    name: z\nb:  /p\nc: "1.3"\nd:\n');
  });

  it.each(awkward)("keeps the value %j whole", (value) => {
    expect(parse(compactYaml({ a: [value], b: value }))).toEqual({ a: [value], b: value });
  });

  it.each(["null", "~"])("4.6: keeps a bucket named %s", (bucket) => {
    expect(parse(compactYaml({ bucket }))).toEqual({ bucket });
  });

  it("keeps keys in the order of a Map, numbers too", () => {
    expect(
      compactYaml(
        new Map([
          ["10", 1],
          ["2", 2],
        ]),
      ),
    ).toBe("10: 1\n2: 2\n");
  });
});

describe("goFloat", () => {
  it.each([
    [0, "0"],
    [128, "128"],
    [-1.5, "-1.5"],
    [999999, "999999"],
    [1000000, "1e+06"],
    [4194304, "4.194304e+06"],
    [1e21, "1e+21"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
  ])("4.9: writes %d as %s", (value, text) => {
    expect(goFloat(value)).toBe(text);
  });
});

describe("withExtraConfig", () => {
  const config: YamlBlock = { server: { port: 3200, size: 4194304, name: wide("x") }, list: ["a", "b"], flag: true };

  it("leaves the text alone without an overlay", () => {
    expect(withExtraConfig(config, undefined)).toBe(compactYaml(config));
  });

  it("4.9: merges blocks and replaces everything else, also by what is empty", () => {
    expect(withExtraConfig(config, { server: { port: 1000000, extra: { a: "" } }, list: [], flag: null })).toBe(
      'flag: null\nlist: []\nserver:\n    extra:\n        a: ""\n    name: x\n    port: 1e+06\n    size: 4194304\n',
    );
  });

  it("4.9: lets a block replace a scalar and a scalar a block", () => {
    expect(withExtraConfig(config, { server: false, flag: { on: 0 }, list: ["c"] })).toBe(
      'flag:\n    "on": 0\nlist:\n    - c\nserver: false\n',
    );
  });
});
