import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubeconfig } from "@homeostat/apiserver";
import { afterEach, beforeEach, expect, test } from "vitest";
import { prepareKubeconfig, writeKubeconfig } from "./kubeconfig-file.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "homeostat-"));
});
afterEach(() => rm(directory, { recursive: true }));

const own = kubeconfig({ server: "https://127.0.0.1:6443", certificateAuthority: "PEM", token: "t" });

test("makes directories for the owner only, and leaves nothing else there", async () => {
  const path = join(directory, "a/b/kubeconfig");
  await prepareKubeconfig(path);
  expect((await stat(join(directory, "a/b"))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(directory, "a/b"))).toEqual([]);
});

test("writes the file for the owner only, also over one that was open to all", async () => {
  const path = join(directory, "kubeconfig");
  await writeFile(path, own, { mode: 0o644 });
  await prepareKubeconfig(path);
  await writeKubeconfig(path, `${own}# new\n`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, "utf8")).toBe(`${own}# new\n`);
  expect(await readdir(directory)).toEqual(["kubeconfig"]);
});

test.each([
  [
    "another cluster",
    own.replaceAll('"homeostat"', "production"),
    "is about other clusters (production) and would be lost",
  ],
  ["something else", "- just\n- a list\n: {", "is no kubeconfig and would be lost"],
  ["a text", "dear diary", "is no kubeconfig and would be lost"],
])("leaves a file about %s alone", async (_, text, why) => {
  const path = join(directory, "config");
  await writeFile(path, text);
  await expect(prepareKubeconfig(path)).rejects.toThrow(why);
  expect(await readFile(path, "utf8")).toBe(text);
});

test("takes an empty file for none", async () => {
  const path = join(directory, "config");
  await writeFile(path, "\n");
  await expect(prepareKubeconfig(path)).resolves.toBeUndefined();
});
