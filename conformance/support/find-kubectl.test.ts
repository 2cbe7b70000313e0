import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findKubectls } from "./find-kubectl.ts";
import { kubectlTitle } from "./kubectl.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./temporary-directory.ts";

async function folder(directory: TemporaryDirectory, name: string, ...programs: string[]): Promise<string> {
  const path = join(directory.path, name);
  await mkdir(path);
  for (const program of programs) await writeFile(join(path, program), "", { mode: 0o755 });
  return path;
}

test("finds versions on the PATH, newest first, and leaves out those that are too old", async () => {
  await using directory = await temporaryDirectory();
  const a = await folder(directory, "a", "kubectl.1.26", "kubectl.1.31", "kubectl.1.9x");
  const b = await folder(directory, "b", "kubectl.1.33", "kubectl.1.31");
  const found = findKubectls({ PATH: `${a}:/nowhere:${b}` });
  expect(found).toEqual([
    { path: join(b, "kubectl.1.33"), minor: 33 },
    { path: join(a, "kubectl.1.31"), minor: 31 },
  ]);
});

test("finds versions beside the program that a link on the PATH leads to", async () => {
  await using directory = await temporaryDirectory();
  const sdk = await folder(directory, "sdk", "kubectl", "kubectl.1.32");
  const bin = await folder(directory, "bin");
  await symlink(join(sdk, "kubectl"), join(bin, "kubectl"));
  expect(findKubectls({ PATH: bin })).toEqual([{ path: join(sdk, "kubectl.1.32"), minor: 32 }]);
});

test("takes the one that is named, else plain kubectl, else none, which titles say", async () => {
  await using directory = await temporaryDirectory();
  const bin = await folder(directory, "bin", "kubectl");
  expect(findKubectls({ PATH: bin })).toEqual([{ path: join(bin, "kubectl"), minor: undefined }]);
  const named = { HOMEOSTAT_KUBECTL: "/opt/kubectl.1.30", PATH: bin };
  expect(findKubectls(named)).toEqual([{ path: "/opt/kubectl.1.30", minor: 30 }]);
  expect(findKubectls({ PATH: join(directory.path, "empty") })).toEqual([]);
  expect(kubectlTitle(undefined)).toBe("no kubectl 1.27+ on the PATH");
});
