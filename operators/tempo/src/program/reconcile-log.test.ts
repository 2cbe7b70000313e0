import type { LedgerEntry, Logger } from "@homeostat/runtime";
import { expect, test } from "vitest";
import { logReconciles } from "./reconcile-log.ts";

function logged(entry: Partial<LedgerEntry>): object[] {
  const lines: object[] = [];
  const log = { info: (fields: object) => void lines.push(fields) } as unknown as Logger;
  logReconciles(log)({
    controller: "tempostack",
    namespace: "a",
    name: "simplest",
    reconcileID: "1",
    startedAt: 0,
    durationMs: 3,
    causes: [],
    droppedCauses: 0,
    outcome: "success",
    writes: [],
    ...entry,
  });
  return lines;
}

const write = (name: string, changed = true) =>
  ({ verb: "apply", resource: "services", namespace: "a", name, changed }) as const;
const secret = {
  type: "event",
  event: "updated",
  resource: "secrets",
  namespace: "a",
  name: "minio",
  resourceVersion: "7",
} as const;

test("tells what was written, and because of what", () => {
  const status = { ...write("simplest"), verb: "patch", resource: "tempostacks", subresource: "status" };
  expect(logged({ causes: [secret, secret], writes: [write("x"), write("y", false), status] })).toEqual([
    {
      controller: "tempostack",
      namespace: "a",
      name: "simplest",
      because: ["secrets/minio updated"],
      wrote: ["apply services/x", "patch tempostacks/simplest/status"],
      durationMs: 3,
    },
  ]);
});

test("tells the first of many, and how many more there are", () => {
  const [line] = logged({ droppedCauses: 2, causes: [secret], writes: [..."abcdefg"].map((name) => write(name)) });
  expect(line).toMatchObject({
    because: ["secrets/minio updated", "and 2 more"],
    wrote: [..."abcde"].map((name) => `apply services/${name}`).concat("and 2 more"),
  });
});

test("says nothing where nothing changed, or where a failure has its own line", () => {
  expect(logged({ causes: [secret], writes: [write("x", false)] })).toEqual([]);
  expect(logged({ outcome: "error", writes: [write("x")] })).toEqual([]);
});
