import { existsSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeDirectory } from "./make-directory.ts";

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "homeostat-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("makes what is missing on the way, for its owner only, and is content with what is there", async () => {
  const path = join(await temporary(), "a", "b");
  await makeDirectory(path);
  await makeDirectory(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test("fails where a file is in the way", async () => {
  const file = join(await temporary(), "file");
  await writeFile(file, "");
  await expect(makeDirectory(join(file, "below"))).rejects.toMatchObject({ code: "EEXIST" });
});

test.skipIf(!existsSync("/proc/self"))("fails, rather than trying for ever, where nothing can be made", async () => {
  await expect(makeDirectory("/proc/homeostat/data")).rejects.toMatchObject({ code: "ENOENT" });
});
