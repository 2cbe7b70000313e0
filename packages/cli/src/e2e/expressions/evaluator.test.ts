import type { Json } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { testWorld } from "../world.test-support.ts";
import { Bindings } from "./bindings.ts";
import { Evaluator, ExpressionError, type Question } from "./evaluator.ts";

async function evaluate(text: string, value: Json = null, names: Record<string, Json> = {}): Promise<Json> {
  const evaluator = await Evaluator.create(testWorld());
  return evaluator.settle(() => evaluator.evaluate(text, value, Bindings.none.withAll(names)));
}

describe("an expression", () => {
  test.each<[string, Json]>([
    ["$n", 0],
    ["let $m = $n in [$m, $n]", [0, 0]],
    ["let $m = $n in let $o = `1` in $m", 0],
    ["map(&(@ + $two), [`1`, `2`])", [3, 4]],
    ["sort_by([{a: `2`}, {a: `1`}], &a)[].a", [1, 2]],
    ["env('HOME')", "/home/me"],
    ["trim_space(' a ')", "a"],
    ["as_string(`5`)", "5"],
    ["join('-', split('a.b', '.'))", "a-b"],
    ["json_parse('{\"a\": 1}').a", 1],
    ["parse_yaml('a: [1]').a[0]", 1],
    ["at([`1`, `2`], `-1`)", 2],
    ["concat('a', 'b')", "ab"],
    ["concat([`1`], [`2`])", [1, 2]],
    ["wildcard('a*', 'abc')", true],
    ["wildcard('a.c', 'abc')", false],
    ["add('1Gi', '1Gi')", "2Gi"],
    ["add('1h', '30m')", "1h30m0s"],
    ["sum(['500m', '1500m'])", "2"],
    ["sum([`1`, `2`])", 3],
    ["subtract(`3`, `1`)", 2],
    ["multiply('2h', `2`)", "4h0m0s"],
    ["divide('1Gi', '512Mi')", 2],
    ["modulo('10m', '4m')", "2m"],
    ["round(`-2.5`, `0`)", -3],
    ["regex_match('^a+$', 'aaa')", true],
    ["regex_match('(?im)^B$', join('\n', ['a', 'b']))", true],
    ["regex_match('^(?P<first>a)', 'ab')", true],
    ["regex_replace_all('a(b)', 'ab-ab', '$1!')", "b!-b!"],
    ["to_upper('a')", "A"],
    ["truncate('abcdef', `3`)", "abc"],
    ["base64_decode(base64_encode('hé'))", "hé"],
    ["time_now()", "2026-01-01T00:00:00Z"],
    ["time_diff('2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z')", "1h0m0s"],
    ["time_after('2026-01-02T00:00:00Z', '2026-01-01T01:00:00Z')", true],
    ["time_parse('02-01-2006 15:04', '31-12-2025 23:59')", "2025-12-31T23:59:00Z"],
    ["time_parse('Mon Jan _2 2006 3:04PM -0700', 'Thu Feb  5 2026 1:30PM +0100')", "2026-02-05T12:30:00Z"],
    ["time_parse('2006-01-02T15:04:05Z07:00', '2026-02-05T12:30:00.5+02:00')", "2026-02-05T10:30:00Z"],
    ["time_parse('1', '1767225600')", "2026-01-01T00:00:00Z"],
    ["time_since('2006-01-02', '2025-12-31', '')", "24h0m0s"],
    ["time_to_cron('2023-02-02T15:04:05Z')", "4 15 2 2 4"],
    ["time_to_cron('2023-02-02T23:04:05-08:00')", "4 23 2 2 4"],
    ["image_normalize('nginx')", "docker.io/nginx:latest"],
    ["image_normalize('grafana/tempo:2.7')", "docker.io/grafana/tempo:2.7"],
    ["image_normalize('localhost:5000/a/b')", "localhost:5000/a/b:latest"],
    [`image_normalize('ghcr.io/a/b:1@sha256:${"0".repeat(64)}')`, `ghcr.io/a/b@sha256:${"0".repeat(64)}`],
    ["is_external_url('https://10.1.2.3/x')", false],
    ["is_external_url('http://8.8.8.8')", true],
    ["is_external_url('http://[fd00::1]:80/')", false],
    ["is_external_url('https://example.com/')", true],
    ["is_external_url('https://inside.test/')", false],
    ["semver_compare('1.36.2', '>=1.30.0 <2.0.0')", true],
    ["semver_compare('1.0.0-rc.1', '>=1.0.0')", false],
    ["label_match({a: 'x*'}, {a: 'xy', b: 'z'})", true],
    [
      "items({b: `1`, a: `2`}, 'key', 'value')",
      [
        { key: "a", value: 2 },
        { key: "b", value: 1 },
      ],
    ],
    ["object_from_lists(['a'], [`1`])", { a: 1 }],
    ["path_canonicalize('/a/../b//c/.')", "/b/c"],
    ["random('[a-z]{4}')", "hhhh"],
    ["x_metrics_decode('a_total{b=\"c\"} 2')[0].[metric.b, value]", ["c", 2]],
  ])("%s is %j", async (text, wanted) => {
    expect(await evaluate(text, null, { n: 0, two: 2 })).toEqual(wanted);
  });

  test.each([
    "$nothing",
    "length(@)",
    "a[",
    "nope(@)",
    "to_boolean('maybe')",
    "add(`1`, '1h')",
    "time_utc('then')",
    "time_parse('2006-01-02', '2026-02-30')",
    "image_normalize('a b')",
    "is_external_url('here')",
  ])("%s has no value", async (text) => {
    await expect(evaluate(text)).rejects.toThrow(ExpressionError);
  });

  test("begins anew with the answers to what it asks, each asked once", async () => {
    const asked: Question[] = [];
    const evaluator = await Evaluator.create(
      testWorld((question) => {
        asked.push(question);
        return { metadata: { name: "name" in question ? question.name : "" } };
      }),
    );
    const get = (name: string): string => `x_k8s_get($client, 'v1', 'ConfigMap', 'default', '${name}').metadata.name`;
    const text = `[${get("a")}, ${get("b")}, ${get("a")}]`;
    const bindings = Bindings.none.with("client", {});
    expect(await evaluator.settle(() => evaluator.evaluate(text, null, bindings))).toEqual(["a", "b", "a"]);
    expect(asked.map((question) => "name" in question && question.name)).toEqual(["a", "b"]);
  });

  test("sees a name of an inner layer before that of an outer one, and nothing of its siblings", async () => {
    const outer = Bindings.none.with("a", 1);
    expect(outer.with("a", 2).get("a")).toBe(2);
    expect(outer.get("a")).toBe(1);
    expect(outer.get("b")).toBeUndefined();
  });
});
