import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createDevCluster, type DevCluster } from "@homeostat/devcluster";
import { webAppOperator } from "@homeostat/webapp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKubectl, type Kubectl, suites } from "../support/kubectl.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";

const manifest = (name: string, message: string, extra: object = {}): string =>
  JSON.stringify({
    apiVersion: "apps.example.com/v1",
    kind: "WebApp",
    metadata: { name, ...extra },
    spec: { message },
  });

/** Verbs on a custom kind, with the WebApp operator at work. The tests build on each other. */
describe.for(suites)(
  "$title on WebApps",
  ({ binary }) => {
    let cluster: DevCluster;
    let directory: TemporaryDirectory;
    let kubectl: Kubectl;

    beforeAll(async () => {
      if (!binary) return;
      directory = await temporaryDirectory();
      cluster = await createDevCluster();
      await cluster.run(webAppOperator);
      kubectl = await createKubectl(binary, directory.path, (await cluster.listen()).kubeconfig());
    });
    afterAll(async () => {
      await cluster?.stop();
      await directory?.[Symbol.asyncDispose]();
    });

    const get = (name: string, path: string): Promise<string> =>
      kubectl.out(["get", ...name.split(" "), "-o", `jsonpath={${path}}`]);
    const untilReady = (name: string): Promise<string> =>
      kubectl.out(`wait webapp/${name} --for=condition=Ready --timeout=10s`);
    const it = test.skipIf(!binary);

    it("version tells client and server", async () => {
      const { clientVersion, serverVersion } = JSON.parse(await kubectl.out("version -o json"));
      if (binary?.minor !== undefined) expect(clientVersion.minor).toBe(`${binary.minor}`);
      expect(serverVersion).toMatchObject({ major: "1", minor: "36" });
    });

    it("api-resources lists built-in and custom kinds, with groups, short names and verbs", async () => {
      const wide = await kubectl.out("api-resources -o wide");
      expect(wide).toMatch(/^webapps +apps.example.com\/v1 +true +WebApp +.*(create|delete)/m);
      expect(wide).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment .* all$/m);
      const names = await kubectl.out("api-resources --api-group=apps.example.com -o name");
      expect(names).toBe("webapps.apps.example.com\n");
      expect(await kubectl.out("api-versions")).toMatch(/^apps.example.com\/v1$/m);
    });

    it("explain tells the fields of custom and built-in kinds, with types and descriptions", async () => {
      const spec = await kubectl.out("explain webapp.spec");
      expect(spec).toMatch(/message\s+<string> -required-\n\s+What the application says/);
      expect(spec).toMatch(/replicas\s+<integer>/);
      expect(await kubectl.out("explain deployment.spec.replicas")).toMatch(/FIELD: replicas <integer>/);
      expect(await kubectl.fails("explain webapp.spec.nothing")).toContain('field "nothing" does not exist');
    });

    it("auth can-i answers by the rules", async () => {
      expect(await kubectl.out("auth can-i create webapps")).toBe("yes\n");
      expect(await kubectl.out("auth can-i --list")).toContain("*.*");
      const refused = await kubectl.run("auth can-i create webapps --as=system:serviceaccount:default:default");
      expect([refused.code, refused.stdout]).toEqual([1, "no\n"]);
      expect(await kubectl.fails("get webapps --as=jane")).toContain(
        'webapps.apps.example.com is forbidden: User "jane" cannot list resource "webapps" in API group "apps.example.com"',
      );
    });

    it("create makes an object once", async () => {
      expect(await kubectl.out("create -f -", { input: manifest("made", "first") })).toBe(
        "webapp.apps.example.com/made created\n",
      );
      await untilReady("made");
      expect(await get("configmap made-config", ".data.message")).toBe("first");
      expect(await kubectl.fails("create -f -", { input: manifest("made", "second") })).toContain(
        'Error from server (AlreadyExists): error when creating "STDIN": webapps.apps.example.com "made" already exists',
      );
    });

    it("apply creates, changes, and leaves alone what is as it should be", async () => {
      const apply = (message: string) => kubectl.out("apply -f -", { input: manifest("applied", message) });
      expect(await apply("one")).toBe("webapp.apps.example.com/applied created\n");
      expect(await apply("two")).toBe("webapp.apps.example.com/applied configured\n");
      expect(await apply("two")).toBe("webapp.apps.example.com/applied unchanged\n");
      await untilReady("applied");
      expect(await get("webapp applied", ".metadata.generation")).toBe("2");
      await kubectl.out("wait configmap/applied-config --for=jsonpath={.data.message}=two --timeout=10s");
    });

    it("apply --server-side owns its fields, and names the other owner on a conflict", async () => {
      const apply = (message: string, ...flags: string[]) =>
        kubectl.run(["apply", "--server-side", ...flags, "-f", "-"], { input: manifest("ssa", message) });
      expect((await apply("one")).stdout).toBe("webapp.apps.example.com/ssa serverside-applied\n");
      const refused = await apply("two", "--field-manager=other");
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringContaining('Apply failed with 1 conflict: conflict with "kubectl": .spec.message'),
      ]);
      expect(await get("webapp ssa", ".spec.message")).toBe("one");
      expect((await apply("two", "--field-manager=other", "--force-conflicts")).code).toBe(0);
      expect(await get("webapp ssa", ".spec.message")).toBe("two");
    });

    it("diff shows what an apply would change, by its exit code too, and changes nothing", async () => {
      const before = await get("webapp applied", ".metadata.resourceVersion");
      const diff = await kubectl.run("diff -f -", { input: manifest("applied", "three") });
      expect(diff.code).toBe(1);
      expect(diff.stdout).toMatch(/^-\s+message: two$/m);
      expect(diff.stdout).toMatch(/^\+\s+message: three$/m);
      expect((await kubectl.run("diff -f -", { input: manifest("applied", "two") })).code).toBe(0);
      const served = await kubectl.run("diff --server-side --force-conflicts -f -", {
        input: manifest("ssa", "three"),
      });
      expect([served.code, served.stdout]).toEqual([1, expect.stringMatching(/^\+\s+message: three$/m)]);
      expect(await get("webapp ssa", ".spec.message")).toBe("two");
      expect(await get("webapp applied", ".metadata.resourceVersion")).toBe(before);
    });

    it("get prints the kind's columns, and more with -o wide", async () => {
      await untilReady("applied");
      const narrow = await kubectl.out("get webapps applied");
      expect(narrow).toMatch(/^NAME +PHASE +READY +AGE\napplied +Ready +True +\d+s\n$/);
      expect(await kubectl.out("get webapps applied -o wide")).toMatch(
        /^NAME +PHASE +READY +MESSAGE +AGE\n.* two +\d+s\n$/,
      );
      expect(await kubectl.out("get webapps -A")).toMatch(/^NAMESPACE +NAME .*\ndefault +applied /);
      expect(await kubectl.out("get webapps --no-headers -l no=such")).toBe("");
    });

    it("get prints yaml, json, jsonpath, custom columns, names and templates", async () => {
      const yaml = await kubectl.out("get webapp applied -o yaml");
      expect(yaml).toMatch(/^spec:\n {2}message: two\n {2}replicas: 1$/m);
      expect(yaml).not.toContain("managedFields");
      const object = JSON.parse(await kubectl.out("get webapp applied -o json"));
      expect(object).toMatchObject({
        kind: "WebApp",
        spec: { message: "two", replicas: 1 },
        status: { phase: "Ready" },
      });
      expect(await get("webapp applied", ".status.configMapName")).toBe("applied-config");
      const columns = "custom-columns=NAME:.metadata.name,SAYS:.spec.message";
      expect(await kubectl.out(`get webapp applied -o ${columns}`)).toBe("NAME      SAYS\napplied   two\n");
      expect(await kubectl.out("get webapps -o name --sort-by=.metadata.name")).toBe(
        ["applied", "made", "ssa"].map((name) => `webapp.apps.example.com/${name}\n`).join(""),
      );
      expect(await kubectl.out("get webapp applied -o go-template={{.spec.message}}")).toBe("two");
    });

    it("get -w shows changes as they happen", async () => {
      await using watch = kubectl.start("get webapp applied -w -o custom-columns=SAYS:.spec.message --no-headers");
      await watch.until(/^two/);
      await kubectl.out(["patch", "webapp", "applied", "--type=merge", "-p", '{"spec":{"message":"watched"}}']);
      await watch.until(/^watched/m);
      await using list = kubectl.start("get webapps -w");
      await list.until(/^applied /m);
      await kubectl.out("create -f -", { input: manifest("seen", "hello") });
      await list.until(/^seen +Ready +True/m);
    });

    it("describe shows the object with its events", async () => {
      const text = await kubectl.out("describe webapp made");
      expect(text).toMatch(/^Name: +made$/m);
      expect(text).toMatch(/^ +Message: +first$/m);
      expect(text).toMatch(/^ +Normal +Created +.* webapp +made configmaps\/default\/made-config$/m);
    });

    it("events shows what happened to one object, or to all", async () => {
      expect(await kubectl.out("events --for=webapp/made")).toMatch(/Normal +Created +WebApp\/made +made configmaps/);
      expect(await kubectl.out("events -A")).toContain("WebApp/applied");
      expect(await kubectl.out("get events --field-selector=involvedObject.name=made")).toMatch(/webapp\/made/);
    });

    it("edit hands the object to an editor and sends what it changed", async () => {
      const editor = join(directory.path, "editor");
      await writeFile(editor, '#!/bin/sh\nsed -i "s/message: first/message: edited/" "$1"\n', { mode: 0o755 });
      expect(await kubectl.out("edit webapp made", { env: { KUBE_EDITOR: editor } })).toBe(
        "webapp.apps.example.com/made edited\n",
      );
      expect(await get("webapp made", ".spec.message")).toBe("edited");
      await kubectl.out("wait configmap/made-config --for=jsonpath={.data.message}=edited --timeout=10s");
    });

    it("patch merges, applies JSON operations, writes subresources, and has no strategic merge for custom kinds", async () => {
      const patch = (...args: string[]) => kubectl.run(["patch", "webapp", "made", ...args]);
      expect((await patch("--type=merge", "-p", '{"spec":{"replicas":4}}')).code).toBe(0);
      expect(
        (
          await patch(
            "--type=json",
            "-p",
            '[{"op":"test","path":"/spec/replicas","value":4},{"op":"replace","path":"/spec/replicas","value":5}]',
          )
        ).code,
      ).toBe(0);
      expect(await get("webapp made", ".spec.replicas")).toBe("5");
      const strategic = await patch("-p", '{"spec":{"replicas":6}}');
      expect([strategic.code, strategic.stderr]).toEqual([
        1,
        expect.stringContaining("strategic-merge-patch+json is not supported by apps.example.com/v1, Kind=WebApp"),
      ]);
      const generation = await get("webapp made", ".metadata.generation");
      expect((await patch("--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Patched"}}')).code).toBe(
        0,
      );
      expect(await get("webapp made", ".status.phase")).toBe("Patched");
      expect(await get("webapp made", ".metadata.generation")).toBe(generation);
    });

    it("label and annotate set, refuse to overwrite, and remove", async () => {
      expect(await kubectl.out("label webapp made tier=web")).toBe("webapp.apps.example.com/made labeled\n");
      expect(await kubectl.out("get webapps -l tier=web -o name")).toBe("webapp.apps.example.com/made\n");
      expect(await kubectl.fails("label webapp made tier=back")).toContain("already has a value (web)");
      expect(await kubectl.out("label webapp made tier=back --overwrite")).toBe(
        "webapp.apps.example.com/made labeled\n",
      );
      expect(await kubectl.out("label webapp made tier-")).toBe("webapp.apps.example.com/made unlabeled\n");
      expect(await kubectl.out("annotate webapp made note=kept")).toMatch(
        /^webapp.apps.example.com\/made annotated?\n$/,
      );
      expect(await get("webapp made", ".metadata.annotations.note")).toBe("kept");
      expect(await get("webapp made", ".metadata.labels")).toBe("");
    });

    it("replace writes the whole object, and is refused with an old resourceVersion", async () => {
      const object = JSON.parse(await kubectl.out("get webapp made -o json"));
      await kubectl.out("replace -f -", { input: JSON.stringify({ ...object, spec: { message: "replaced" } }) });
      expect(await get("webapp made", ".spec")).toBe('{"message":"replaced","replicas":1}');
      expect(await kubectl.fails("replace -f -", { input: JSON.stringify(object) })).toContain(
        'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on webapps.apps.example.com "made": the object has been modified',
      );
    });

    it("wait sees conditions, values and deletion, and gives up in time", async () => {
      expect(await kubectl.out("wait webapp/applied --for=condition=Ready")).toBe(
        "webapp.apps.example.com/applied condition met\n",
      );
      await kubectl.out("wait webapp/applied --for=jsonpath={.status.phase}=Ready");
      expect(await kubectl.fails("wait webapp/applied --for=jsonpath={.status.phase}=Never --timeout=100ms")).toContain(
        "timed out waiting for the condition",
      );
    });

    it("delete takes the object, what it owns follows; names that are not there are told", async () => {
      expect(await kubectl.out("delete webapp seen")).toContain('webapp.apps.example.com "seen" deleted');
      await kubectl.out("wait configmap/seen-config --for=delete --timeout=10s");
      expect(await kubectl.fails("delete webapp seen")).toContain('webapps.apps.example.com "seen" not found');
      expect(await kubectl.out("delete webapp seen --ignore-not-found")).toBe("");
      await kubectl.out("delete webapp made --cascade=orphan");
      expect(await get("configmap made-config", ".data.message")).toBe("replaced");
      expect(await get("configmap made-config", ".metadata.ownerReferences")).toBe("");
      await kubectl.out("delete webapps --all");
      expect(await kubectl.out("get webapps -o name")).toBe("");
    });

    it("apply tells what is wrong with a manifest, and stores it only where asked to overlook it", async () => {
      const typo = manifest("typo", "hi").replace('"message"', '"replica":2,"message"');
      const apply = (input: string, ...flags: string[]) => kubectl.run(["apply", ...flags, "-f", "-"], { input });
      expect((await apply(typo)).stderr).toContain('strict decoding error: unknown field "spec.replica"');
      expect((await apply(manifest("typo", "hi").slice(0, -1))).stderr).toContain("error parsing STDIN");
      const wrong = await apply(manifest("typo", "hi").replace('"message"', '"replicas":"two","message"'));
      expect(wrong.stderr).toContain('The WebApp "typo" is invalid: spec.replicas: Invalid value: "string"');
      expect(await kubectl.fails("get webapp typo")).toContain("NotFound");
      expect((await apply(typo, "--validate=warn")).stderr).toContain('Warning: unknown field "spec.replica"');
      expect(await get("webapp typo", ".spec")).toBe('{"message":"hi","replicas":1}');
      expect((await apply(typo, "--validate=ignore")).stderr).toBe("");
    });

    it("dry runs store nothing", async () => {
      const input = manifest("dry", "run");
      expect(await kubectl.out("apply --dry-run=server -f -", { input })).toContain("created (server dry run)");
      expect(await kubectl.out("create --dry-run=client -o name -f -", { input })).toBe(
        "webapp.apps.example.com/dry\n",
      );
      expect(await kubectl.fails("get webapp dry")).toContain("NotFound");
    });
  },
  30_000,
);
