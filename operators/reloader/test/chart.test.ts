import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readProgram } from "../src/program/flags.ts";

const read = (file: string): string => readFileSync(new URL(`../chart/${file}`, import.meta.url), "utf8");
const templates = ["deployment", "rbac", "extras"].map((name) => read(`templates/${name}.yaml`)).join("\n");

/** Helm is not needed for these: they keep what the chart says true to what the program knows. */
describe("chart", () => {
  test("passes only flags the program knows", () => {
    const written = [...templates.matchAll(/--([A-Za-z-]+)=/g)].map(([, name]) => name!);
    const renamed = [...templates.matchAll(/"([a-z-]+-annotation)"/g)].map(([, name]) => name!);
    const flags = new Set([...written, ...renamed]);
    expect(flags.size).toBeGreaterThan(30);
    for (const flag of flags) {
      // A value that means nothing is another complaint.
      const complaint = complaintAbout(flag);
      expect(complaint, flag).not.toContain("Unknown option");
    }
  });

  test("reads only values that it has a default for", () => {
    const values = parse(read("values.yaml")) as { reloader: Record<string, unknown> };
    // Those that Stakater Reloader's chart has at another place are understood there, too.
    const elsewhere = new Set(["volumes", "volumeMounts"]);
    const used = new Set([...templates.matchAll(/\$r\.([A-Za-z_]+)/g)].map(([, name]) => name!));
    expect(used.size).toBeGreaterThan(30);
    expect([...used].filter((name) => !(name in values.reloader) && !elsewhere.has(name))).toEqual([]);
  });
});

function complaintAbout(flag: string): string {
  try {
    readProgram([`--${flag}=x`], {});
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
