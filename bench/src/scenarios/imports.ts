import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve as resolvePath } from "node:path";
import { pathToFileURL } from "node:url";
import { timeOf } from "../child.ts";
import { closing, temporaryFolder } from "../connections.ts";
import type { Figures, Scenario, Subject } from "../scenario.ts";

/** What importing a package costs: a process that does nothing else, from its start to its end. */
export const imports: Scenario = {
  name: "imports",
  about: "a process that imports one package and ends",
  async open() {
    const folder = temporaryFolder();
    const resolve = createRequire(import.meta.url).resolve;
    const withCache = { NODE_COMPILE_CACHE: folder.path };
    const without = { NODE_DISABLE_COMPILE_CACHE: "1" };
    const importing = (name: string, role: Subject["role"], environment: Record<string, string>): Subject => ({
      name,
      role,
      round: async () => {
        const url = name.startsWith("node:") ? name : pathToFileURL(resolve(name)).href;
        const code = `import ${JSON.stringify(url)}`;
        return { process: await timeOf(process.execPath, ["--input-type=module", "-e", code], environment) };
      },
    });
    const packages = ["@homeostat/api", "@homeostat/runtime", "@homeostat/apiserver", "@homeostat/devcluster"];
    const table = (title: string, environment: Record<string, string>) => ({
      title,
      metrics: [{ name: "process", unit: "ms" as const }],
      subjects: [
        ...packages.map((name) => importing(name, "ours", environment)),
        importing("node:https", "beside", environment),
      ],
    });
    const core = (name: string, file: string | undefined, environment: Record<string, string>): Subject => ({
      name,
      role: file === undefined ? "beside" : "ours",
      round: async () => costOfImport(file, environment),
    });
    const built = resolvePath(import.meta.dirname, "../../../dist/packages/runtime/lib/index.js");
    const cost = (title: string, environment: Record<string, string>) => ({
      title,
      metrics: [
        { name: "import", unit: "ms" as const, target: 60 },
        { name: "resident", unit: "MB" as const, target: 20 },
      ],
      subjects: [
        ...(existsSync(built) ? [core("as published (dist/)", built, environment)] : []),
        core("from a checkout, types taken out", resolve("@homeostat/runtime"), environment),
        core("nothing", undefined, environment),
      ],
    });
    return {
      comparisons: [
        table("first start", without),
        table("with a compile cache", withCache),
        cost("the runtime, first start", without),
        cost("the runtime, with a compile cache", withCache),
      ],
      [Symbol.asyncDispose]: closing(folder),
    };
  },
};

/** What an import adds to a process, told by itself: the time of it, and the memory that is resident after it. */
function costOfImport(file: string | undefined, environment: Record<string, string>): Figures {
  const load = file === undefined ? "" : `await import(${JSON.stringify(pathToFileURL(file).href)});`;
  const code = `const before = process.memoryUsage.rss(), startedAt = performance.now();${load}
    const ms = performance.now() - startedAt;
    process.stdout.write(JSON.stringify({ import: ms, resident: (process.memoryUsage.rss() - before) / 2 ** 20 }));`;
  const options = { encoding: "utf8" as const, env: { ...process.env, ...environment } };
  const text = execFileSync(process.execPath, ["--input-type=module", "-e", code], options);
  const { import: ms, resident } = JSON.parse(text) as { readonly import: number; readonly resident: number };
  return file === undefined ? { resident } : { import: ms, resident };
}
