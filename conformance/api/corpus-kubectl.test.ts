import { join } from "node:path";
import { type ApiServer, createApiServer } from "@homeostat/apiserver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKubectl, type Kubectl, suites } from "../support/kubectl.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";
import { corpusFolder, readCorpus } from "./corpus.ts";

/** As teams do: a folder of manifests, applied again and again. */
describe.for(suites)(
  "$title, manifests as people write them",
  ({ binary }) => {
    let server: ApiServer;
    let directory: TemporaryDirectory;
    let kubectl: Kubectl;

    beforeAll(async () => {
      if (!binary) return;
      directory = await temporaryDirectory();
      server = await createApiServer({});
      kubectl = await createKubectl(binary, directory.path, (await server.listen()).kubeconfig());
      // The definition goes before its object, whose kind kubectl looks up beforehand.
      await kubectl.run(["apply", "-f", join(corpusFolder, "extension.yaml")]);
    });
    afterAll(async () => {
      await server?.stop();
      await directory?.[Symbol.asyncDispose]();
    });
    const it = test.skipIf(!binary);
    const folder = ["-f", corpusFolder];

    it("are applied once, and once only", async () => {
      const made = await kubectl.out(["apply", ...folder]);
      expect(made.trimEnd().split("\n")).toHaveLength(readCorpus().length);
      const before = await versions();
      const again = await kubectl.out(["apply", ...folder]);
      // What is written in another way than the server keeps it (`1024Mi`, lists that are replaced whole) is sent each
      // time, and called configured: it changes nothing.
      const lines = again.trimEnd().split("\n");
      expect(lines.filter((line) => !/ (unchanged|configured)$/.test(line))).toEqual([]);
      expect(lines.filter((line) => / unchanged$/.test(line)).length).toBeGreaterThan(lines.length / 2);
      expect(await versions()).toBe(before);
    });

    it("show no difference, on either side", async () => {
      expect(await kubectl.run(["diff", ...folder])).toMatchObject({ code: 0, stdout: "" });
      await kubectl.out(["apply", "--server-side", "--force-conflicts", ...folder]);
      const before = await versions();
      await kubectl.out(["apply", "--server-side", ...folder]);
      expect(await versions()).toBe(before);
      expect(await kubectl.run(["diff", "--server-side", ...folder])).toMatchObject({ code: 0, stdout: "" });
    });

    const versions = (): Promise<string> =>
      kubectl.out(["get", ...folder, "-o", "jsonpath={.items[*].metadata.resourceVersion}"]);
  },
  120_000,
);
