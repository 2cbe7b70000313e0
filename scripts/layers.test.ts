import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { allowed, findBreaches } from "./layers.ts";

describe("layers", () => {
  test("no import points the wrong way", () => {
    expect(findBreaches(new URL("..", import.meta.url).pathname)).toEqual([]);
  });

  test("finds a server that imports the runtime, and a path that leaves its package", () => {
    const root = mkdtempSync(join(tmpdir(), "layers-"));
    for (const folder of Object.keys(allowed)) mkdirSync(join(root, folder, "src"), { recursive: true });
    writeFileSync(join(root, "packages/apiserver/src/a.ts"), 'import { x } from "@homeostat/runtime";\n');
    writeFileSync(join(root, "packages/runtime/src/b.ts"), 'import { y } from "../../apiserver/src/a.ts";\n');
    writeFileSync(join(root, "packages/runtime/src/c.ts"), 'import { z } from "@homeostat/api";\n');
    expect(findBreaches(root)).toEqual([
      { file: "packages/runtime/src/b.ts", imports: "../../apiserver/src/a.ts" },
      { file: "packages/apiserver/src/a.ts", imports: "@homeostat/runtime" },
    ]);
  });
});
