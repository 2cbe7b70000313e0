import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

/** What a process has loaded that did nothing but import the package. */
function loadedBy(specifier: string): string[] {
  const code = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    await import(${JSON.stringify(specifier)});
    process.stdout.write(JSON.stringify(loaded));`;
  const options = { cwd: import.meta.dirname, encoding: "utf8" as const };
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", code], options));
}

test("importing the package loads no other package, and neither TLS nor HTTP", () => {
  const loaded = loadedBy("@homeostat/runtime");
  expect(loaded.length).toBeGreaterThan(50);
  expect(loaded.filter((url) => url.includes("/node_modules/"))).toEqual([]);
  expect(loaded.filter((url) => /^node:(tls|http|https|http2|inspector)/.test(url))).toEqual([]);
});
