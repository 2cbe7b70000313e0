import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";

/** Builds what is published, and uses it as somebody would who has only that: compiles against it, and runs it. */
const root = new URL("..", import.meta.url).pathname;
const out = join(root, "dist");
await build(root, out);

const consumer = `import { ConfigMap, defineResource } from "@homeostat/api";
import { Deployment } from "@homeostat/api/groups/apps-v1";
import { controllerFor, createManager, type ManagerOptions } from "@homeostat/runtime";
import { createDevCluster, expectExists } from "@homeostat/devcluster";
import { z } from "zod";

const Greeting = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Greeting",
  spec: z.object({ message: z.string() }),
});
const greetings = controllerFor(Greeting).desired({
  children: [ConfigMap],
  desired: ({ metadata, spec }) => [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: metadata.name }, data: { text: spec.message } },
  ],
});
export const options: ManagerOptions = {};
export const made = [createManager, Deployment.kind];

const cluster = await createDevCluster();
await cluster.run({ name: "greeter", resources: [Greeting], controllers: [greetings] });
const key = { namespace: "default", name: "hello" };
await cluster.client.create(Greeting, { metadata: key, spec: { message: "hi" } });
await expectExists(cluster, ConfigMap, key);
await cluster.stop();
`;
const settings = {
  compilerOptions: {
    target: "es2024",
    module: "nodenext",
    lib: ["es2024", "esnext.disposable"],
    strict: true,
    skipLibCheck: false,
    types: ["node"],
    typeRoots: ["../node_modules/@types"],
  },
  files: ["consumer.mts"],
};
writeFileSync(join(out, "consumer.mts"), consumer);
writeFileSync(join(out, "tsconfig.json"), JSON.stringify(settings));
const run = (...args: string[]): void => void execFileSync(process.execPath, args, { cwd: out, stdio: "inherit" });
run(join(root, "node_modules/typescript/bin/tsc"), "-p", ".");
run("consumer.mjs");
run("packages/cli/src/main.js", "version");
