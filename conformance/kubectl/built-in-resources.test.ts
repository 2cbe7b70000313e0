import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createDevCluster, type DevCluster } from "@homeostat/devcluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKubectl, type Kubectl, suites } from "../support/kubectl.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";

/** Verbs on built-in kinds, with all controllers of the cluster at work. The tests build on each other. */
describe.for(suites)(
  "$title on built-in kinds",
  ({ binary }) => {
    let cluster: DevCluster;
    let directory: TemporaryDirectory;
    let kubectl: Kubectl;

    beforeAll(async () => {
      if (!binary) return;
      directory = await temporaryDirectory();
      cluster = await createDevCluster();
      kubectl = await createKubectl(binary, directory.path, (await cluster.listen()).kubeconfig());
    });
    afterAll(async () => {
      await cluster?.stop();
      await directory?.[Symbol.asyncDispose]();
    });

    const get = (name: string, path: string): Promise<string> =>
      kubectl.out(["get", ...name.split(" "), "-o", `jsonpath={${path}}`]);
    const it = test.skipIf(!binary);

    it("create and rollout status bring a Deployment up, with ReplicaSet, pods and a node for them", async () => {
      expect(await kubectl.out("create deployment web --image=web:1 --replicas=2")).toBe(
        "deployment.apps/web created\n",
      );
      expect(await kubectl.out("rollout status deployment/web --timeout=10s")).toContain(
        'deployment "web" successfully rolled out',
      );
      expect(await kubectl.out("get deployment web")).toMatch(
        /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 /,
      );
      expect(await kubectl.out("get pods -l app=web --no-headers")).toMatch(/^(web-\S+ +1\/1 +Running +0 +\S+\n){2}$/);
      expect(await kubectl.out("get nodes --no-headers")).toMatch(/^\S+ +Ready /);
      expect(await kubectl.out("get all -l app=web -o name")).toMatch(
        /pod\/web-.*deployment.apps\/web.*replicaset.apps\/web-/s,
      );
    });

    it("get -o wide adds columns, describe follows to the pods' events", async () => {
      expect(await kubectl.out("get deployment web -o wide")).toMatch(
        /CONTAINERS +IMAGES +SELECTOR\n.* web +web:1 +app=web\n$/,
      );
      const text = await kubectl.out("describe deployment web");
      expect(text).toMatch(/^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m);
      expect(text).toMatch(/^ +Normal +ScalingReplicaSet /m);
      const pod = (await kubectl.out("get pods -l app=web -o name")).split("\n")[0]!;
      expect(await kubectl.out(`describe ${pod}`)).toMatch(/^Status: +Running$/m);
    });

    it("scale changes the number of pods, if it was what was said", async () => {
      expect(await kubectl.out("scale deployment web --replicas=3")).toBe("deployment.apps/web scaled\n");
      await kubectl.out("rollout status deployment/web --timeout=10s");
      expect(await kubectl.out("get pods -l app=web -o name")).toMatch(/^(pod\/web-\S+\n){3}$/);
      expect(await kubectl.fails("scale deployment web --current-replicas=7 --replicas=1")).toContain(
        "Expected replicas to be 7, was 3",
      );
      expect(await get("deployment web --subresource=scale", ".spec.replicas")).toBe("3");
      await kubectl.out([
        "patch",
        "deployment",
        "web",
        "--subresource=scale",
        "--type=merge",
        "-p",
        '{"spec":{"replicas":2}}',
      ]);
      expect(await get("deployment web", ".spec.replicas")).toBe("2");
    });

    it("rollout restart, set image, history and undo go through revisions", async () => {
      expect(await kubectl.out("set image deployment/web web=web:2")).toBe("deployment.apps/web image updated\n");
      await kubectl.out("rollout status deployment/web --timeout=10s");
      expect(await kubectl.out("rollout restart deployment/web")).toBe("deployment.apps/web restarted\n");
      await kubectl.out("rollout status deployment/web --timeout=10s");
      expect(await kubectl.out("rollout history deployment/web")).toMatch(/^1 .*\n2 .*\n3 /m);
      expect(await kubectl.out("rollout undo deployment/web --to-revision=1")).toBe(
        "deployment.apps/web rolled back\n",
      );
      await kubectl.out("rollout status deployment/web --timeout=10s");
      expect(await get("deployment web", ".spec.template.spec.containers[0].image")).toBe("web:1");
      expect(
        await get("pods -l app=web --field-selector=status.phase=Running", ".items[*].spec.containers[0].image"),
      ).toMatch(/^web:1 web:1( web:\d)*$/);
    });

    it("patch merges strategically by the keys of lists, and as JSON", async () => {
      const env = '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"1"}]}]}}}}';
      await kubectl.out(["patch", "deployment", "web", "-p", env]);
      expect(await get("deployment web", ".spec.template.spec.containers[0].image")).toBe("web:1");
      expect(await get("deployment web", ".spec.template.spec.containers[0].env")).toBe('[{"name":"A","value":"1"}]');
      const remove = '[{"op":"remove","path":"/spec/template/spec/containers/0/env"}]';
      await kubectl.out(["patch", "deployment", "web", "--type=json", "-p", remove]);
      expect(await get("deployment web", ".spec.template.spec.containers[0].env")).toBe("");
      await kubectl.out("rollout status deployment/web --timeout=10s");
    });

    it("edit sends a strategic merge of what the editor changed", async () => {
      const editor = join(directory.path, "editor");
      await writeFile(editor, '#!/bin/sh\nsed -i "s/revisionHistoryLimit: 10/revisionHistoryLimit: 4/" "$1"\n', {
        mode: 0o755,
      });
      expect(await kubectl.out("edit deployment web", { env: { KUBE_EDITOR: editor } })).toBe(
        "deployment.apps/web edited\n",
      );
      expect(await get("deployment web", ".spec.revisionHistoryLimit")).toBe("4");
    });

    it("apply and diff merge lists by their keys, and keep what others set", async () => {
      const service = (ports: readonly object[]): string =>
        JSON.stringify({
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "web" },
          spec: { selector: { app: "web" }, ports },
        });
      const http = { name: "http", port: 80 };
      const https = { name: "https", port: 443 };
      await kubectl.out("apply -f -", { input: service([http]) });
      const address = await get("service web", ".spec.clusterIP");
      expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      const diff = await kubectl.run("diff -f -", { input: service([http, https]) });
      expect([diff.code, diff.stdout]).toEqual([1, expect.stringMatching(/^\+ .*port: 443$/m)]);
      await kubectl.out("apply -f -", { input: service([http, https]) });
      await kubectl.out("apply -f -", { input: service([https]) });
      expect(await get("service web", ".spec.ports[*].name")).toBe("https");
      expect(await get("service web", ".spec.clusterIP")).toBe(address);
      expect(await kubectl.out("apply --server-side --force-conflicts -f -", { input: service([http]) })).toContain(
        "serverside-applied",
      );
      expect(await kubectl.out("get endpointslices -l kubernetes.io/service-name=web -o name")).toContain(
        "endpointslice",
      );
    });

    it("create makes all sorts of kinds from flags", async () => {
      await kubectl.out("create namespace side");
      const made = [
        await kubectl.out("create configmap settings --from-literal=a=1 -n side"),
        await kubectl.out("create secret generic password --from-literal=p=secret -n side"),
        await kubectl.out("create serviceaccount robot -n side"),
        await kubectl.out("create role reader --verb=get,list --resource=configmaps -n side"),
        await kubectl.out("create rolebinding reader --role=reader --serviceaccount=side:robot -n side"),
        await kubectl.out("create job once --image=task -n side"),
        await kubectl.out(["create", "cronjob", "often", "--image=task", "--schedule=*/5 * * * *", "-n", "side"]),
        await kubectl.out("create quota limits --hard=pods=10 -n side"),
      ];
      expect(made).toHaveLength(made.filter((text) => text.endsWith(" created\n")).length);
      expect(await get("secret password -n side", ".data.p")).toBe(btoa("secret"));
      const as = "--as=system:serviceaccount:side:robot -n side";
      expect(await kubectl.out(`auth can-i list configmaps ${as}`)).toBe("yes\n");
      expect((await kubectl.run(`auth can-i delete configmaps ${as}`)).stdout).toBe("no\n");
      expect(await kubectl.out(`get configmaps settings -o name ${as}`)).toBe("configmap/settings\n");
      expect(await kubectl.out("create token robot -n side")).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n?$/);
      await kubectl.out("wait job/once --for=condition=Complete --timeout=10s -n side");
    });

    it("delete of a namespace takes all that is in it", async () => {
      expect(await kubectl.out("delete namespace side --timeout=10s")).toContain('namespace "side" deleted');
      expect(await kubectl.out("get configmaps,secrets,jobs,pods -n side -o name")).toBe("");
      expect(await kubectl.fails("get namespace side")).toContain('namespaces "side" not found');
    });

    it("delete of a Deployment takes its ReplicaSets and pods", async () => {
      expect(await kubectl.out("delete deployment web")).toContain('deployment.apps "web" deleted');
      await kubectl.out("wait pods -l app=web --for=delete --timeout=10s");
      expect(await kubectl.out("get replicasets,pods -l app=web -o name")).toBe("");
    });

    it("cluster-info, top-level help and unknown kinds answer as on any cluster", async () => {
      expect(await kubectl.out("cluster-info")).toContain("Kubernetes control plane");
      expect(await kubectl.fails("get unicorns")).toContain(`the server doesn't have a resource type "unicorns"`);
      expect(await kubectl.out("get --raw /readyz")).toBe("ok");
    });
  },
  30_000,
);
