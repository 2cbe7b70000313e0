import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { timeOf } from "../child.ts";
import { closing, temporaryFolder } from "../connections.ts";
import type { Scenario, Subject } from "../scenario.ts";

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
    return {
      comparisons: [table("first start", without), table("with a compile cache", withCache)],
      [Symbol.asyncDispose]: closing(folder),
    };
  },
};
