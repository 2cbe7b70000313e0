import { expect, it } from "vitest";
import { rewriteMessageLiterals } from "./message-literals.ts";

it.each([
  ["Object{}", "{}"],
  ["Object{spec: Object.spec{replicas: 3}}", '{"spec": {"replicas": 3}}'],
  ['Object.metadata {labels: {"a": b, c: d}, name: x}', '{"labels": {"a": b, c: d}, "name": x}'],
  ['[JSONPatch{op: "add", path: f(a, b), value: [1, x]}]', '[{"op": "add", "path": f(a, b), "value": [1, x]}]'],
  ["'Object{a: 1}' + x.Object", "'Object{a: 1}' + x.Object"],
  ['Object{a: "\\"}", b: c ? d : e}', '{"a": "\\"}", "b": c ? d : e}'],
  ["Object{?a: b[?0], c: [?d, e ? f : g]}", '{"a": b[?0], "c": [d, e ? f : g]}'],
  ['{?"a": b, "c": d ? [1] : {}}', '{"a": b, "c": d ? [1] : {}}'],
  ["Object{__in__: 1, a__dash__b: 2, `c d`: 3}", '{"in": 1, "a-b": 2, "c d": 3}'],
  ["Object{ // first: one\n a: 1}", '{ // first: one\n "a": 1}'],
])("makes maps of object literals: %s", (expression, rewritten) => {
  expect(rewriteMessageLiterals(expression)).toBe(rewritten);
});
