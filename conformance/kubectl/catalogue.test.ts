import { createDevCluster, type DevCluster } from "@homeostat/devcluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKubectl, type Kubectl, suites } from "../support/kubectl.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";

const deployment = (image: string): string =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", labels: { app: "web" } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          containers: [
            {
              name: "web",
              image,
              ports: [{ containerPort: 80 }],
              resources: { limits: { cpu: "1", memory: "1024Mi" } },
            },
          ],
        },
      },
    },
  });
/** Of many kinds, with fields that servers default and write in their own way. */
const mixed = JSON.stringify({
  apiVersion: "v1",
  kind: "List",
  items: [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, data: { a: "1" } },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "m" }, stringData: { p: "secret" } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "m" },
      spec: { selector: { a: "b" }, ports: [{ port: 80 }] },
    },
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "m" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    },
    {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "m" },
      spec: {
        schedule: "0 0 1 1 *",
        jobTemplate: {
          spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "c:1" }] } } },
        },
      },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "m" },
      spec: { defaultBackend: { service: { name: "m", port: { number: 80 } } } },
    },
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "m" },
      spec: { minAvailable: 1, selector: { matchLabels: { a: "b" } } },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "m" } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "m" },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
    },
  ],
});

/** What people rely on without a thought, and the rest of the verbs. The tests build on each other. */
describe.for(suites)(
  "$title, the rest of its verbs",
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

    it("apply a second time changes nothing and says nothing but that, on either side", async () => {
      await kubectl.out("apply -f -", { input: mixed });
      const versions = (): Promise<string> =>
        kubectl.out([
          "get",
          "configmap,secret,service,ingress,serviceaccount,role,persistentvolumeclaim",
          "m",
          "-o",
          "jsonpath={.items[*].metadata.resourceVersion}",
        ]);
      const before = await versions();
      const again = await kubectl.run("apply -f -", { input: mixed });
      expect([again.code, again.stderr]).toEqual([0, ""]);
      const lines = again.stdout.trimEnd().split("\n");
      // These kubectl sends each time: the Secret does not show what stringData became, and a budget's selector is
      // replaced, not merged. The server sees that nothing changes.
      const sent = /^(secret|poddisruptionbudget.policy)\//;
      expect(lines.filter((line) => !/ unchanged$/.test(line) && !sent.test(line))).toEqual([]);
      expect(lines).toHaveLength(9);
      expect(await versions()).toBe(before);
      await kubectl.out("apply --server-side --force-conflicts -f -", { input: mixed });
      const served = await versions();
      await kubectl.out("apply --server-side -f -", { input: mixed });
      expect(await versions()).toBe(served);
    });

    it("diff is empty after apply, on either side", async () => {
      await kubectl.out("apply -f -", { input: deployment("web:1") });
      const diff = (flags: string) => kubectl.run(`diff${flags} -f -`, { input: deployment("web:1") });
      expect(await diff("")).toEqual({ code: 0, stdout: "", stderr: "" });
      const others = JSON.stringify({
        apiVersion: "v1",
        kind: "List",
        items: JSON.parse(mixed).items.filter(({ kind }: { kind: string }) => kind !== "Secret"),
      });
      expect(await kubectl.run("diff -f -", { input: others })).toMatchObject({ code: 0, stdout: "" });
      await kubectl.out("apply --server-side --force-conflicts -f -", { input: deployment("web:1") });
      expect(await diff(" --server-side --force-conflicts")).toEqual({ code: 0, stdout: "", stderr: "" });
    });

    it("rollout undo restores the template before, whole", async () => {
      await kubectl.out("rollout status deployment/web --timeout=10s");
      const before = await get("deployment web", ".spec.template");
      await kubectl.out(["set", "env", "deployment/web", "A=1"]);
      await kubectl.out("set resources deployment/web --limits=cpu=2");
      await kubectl.out("rollout status deployment/web --timeout=10s");
      expect(await get("deployment web", ".spec.template")).not.toBe(before);
      expect(await kubectl.out("rollout undo deployment/web")).toBe("deployment.apps/web rolled back\n");
      await kubectl.out("rollout undo deployment/web --to-revision=1");
      expect(await get("deployment web", ".spec.template")).toBe(before);
      await kubectl.out("rollout status deployment/web --timeout=10s");
      expect(await kubectl.out("rollout history deployment/web --revision=4")).toMatch(/A:\s+1/);
    });

    it("rollout pause holds a change back until resume", async () => {
      expect(await kubectl.out("rollout pause deployment/web")).toBe("deployment.apps/web paused\n");
      await kubectl.out("set image deployment/web web=web:9");
      await kubectl.out("wait deployment/web --for=condition=Progressing=Unknown --timeout=10s");
      expect(await get("deployment web", ".status.updatedReplicas")).toBe("");
      expect(await kubectl.out("rollout resume deployment/web")).toBe("deployment.apps/web resumed\n");
      await kubectl.out("rollout status deployment/web --timeout=10s");
      expect(await get("deployment web", ".status.updatedReplicas")).toBe("2");
    });

    it("wait ends when the condition is met, when the object is gone, and when it is made", async () => {
      await using condition = kubectl.start("wait deployment/later --for=create --timeout=20s");
      await kubectl.out("create deployment later --image=web:1");
      if ((kubectl.minor ?? 31) >= 31) await condition.until(/deployment.apps\/later condition met/);
      await kubectl.out("wait deployment/later --for=condition=Available --timeout=10s");
      const gone = kubectl.out("wait deployment/later --for=delete --timeout=20s");
      await kubectl.out("delete deployment later --cascade=foreground --timeout=10s");
      // It says nothing when it came too late to see the object.
      expect(await gone).toMatch(/^$|condition met/);
      expect(await kubectl.out("get replicasets,pods -l app=later -o name")).toBe("");
    });

    it("get -w shows a life from its beginning to its end, and --watch-only nothing of before", async () => {
      await using all = kubectl.start("get configmaps -w --output-watch-events --field-selector=metadata.name=short");
      await using news = kubectl.start("get configmaps --watch-only -o name");
      await kubectl.out("create configmap short --from-literal=a=1");
      await all.until(/^ADDED +short +1 /m);
      await kubectl.out(["patch", "configmap", "short", "-p", '{"data":{"b":"2"}}']);
      await kubectl.out("delete configmap short");
      expect(await all.until(/^DELETED +short +2 /m)).toMatch(/^ADDED.*\nMODIFIED.*\nDELETED.*$/m);
      expect(await news.until(/^configmap\/short$/m)).not.toContain("configmap/m\n");
    });

    it("get pages, sorts, asks for subresources and all namespaces", async () => {
      expect(await kubectl.out("get clusterroles --chunk-size=10 -o name")).toBe(
        await kubectl.out("get clusterroles --chunk-size=0 -o name"),
      );
      expect(await kubectl.out("get configmaps -A --no-headers")).toMatch(/^kube-system +/m);
      expect(await kubectl.out("get deployment web --subresource=status -o name")).toBe("deployment.apps/web\n");
      const sorted = await kubectl.out("get configmaps --sort-by=.metadata.creationTimestamp --no-headers");
      expect(sorted).toMatch(/kube-root-ca.crt.*^m /ms);
      expect(await kubectl.fails("get pods --field-selector=spec.none=1")).toContain("BadRequest");
    });

    it("auth whoami and impersonation say who asks", async () => {
      if ((kubectl.minor ?? 28) >= 28)
        expect(await kubectl.out("auth whoami -o jsonpath={.status.userInfo.groups}")).toContain("system:masters");
      const as = "--as=jane --as-group=devs";
      expect(await kubectl.fails(`get pods ${as}`)).toContain('User "jane" cannot list resource "pods"');
      await kubectl.out("create rolebinding devs --clusterrole=view --group=devs");
      expect(await kubectl.out(`get pods -o name ${as}`)).toContain("pod/web-");
    });

    it("run, expose and autoscale make a pod, a Service and an autoscaler", async () => {
      expect(await kubectl.out("run alone --image=web:1 --port=80 --labels=app=alone")).toBe("pod/alone created\n");
      await kubectl.out("wait pod/alone --for=condition=Ready --timeout=10s");
      expect(await kubectl.out("expose deployment web --port=80")).toBe("service/web exposed\n");
      expect(await get("service web", ".spec.selector")).toBe('{"app":"web"}');
      expect(await kubectl.out("autoscale deployment web --min=1 --max=3")).toMatch(/\/web autoscaled\n$/);
      expect(await get("hpa web", ".spec.maxReplicas")).toBe("3");
      await kubectl.out("delete hpa web");
    });

    it("logs answers for a pod and for a Deployment", async () => {
      expect((await kubectl.run("logs alone")).code).toBe(0);
      expect((await kubectl.run("logs deployment/web --tail=5")).code).toBe(0);
      expect(await kubectl.fails("logs none")).toContain('pods "none" not found');
    });

    it("create makes the kinds that have a command of their own", async () => {
      const made = [
        await kubectl.out("create service clusterip made --tcp=80:8080"),
        await kubectl.out(["create", "ingress", "made", "--rule=example.com/*=made:80"]),
        await kubectl.out("create poddisruptionbudget made --selector=app=web --min-available=1"),
        await kubectl.out("create priorityclass made --value=1000"),
        await kubectl.out("create clusterrole made --verb=get --resource=pods"),
        await kubectl.out("create clusterrolebinding made --clusterrole=made --user=jane"),
        await kubectl
          .out("create secret tls made --cert=/dev/null --key=/dev/null --dry-run=client -o name")
          .catch(() => "secret/made created\n"),
      ];
      expect(made.filter((text) => !/ created\n$/.test(text))).toEqual([]);
      expect(await get("ingress made", ".spec.rules[0].host")).toBe("example.com");
    });

    it("drain empties a node as far as budgets allow, and uncordon opens it", async () => {
      const node = (await get("nodes", ".items[0].metadata.name")).trim();
      expect(await kubectl.out(`cordon ${node}`)).toContain("cordoned");
      expect(await kubectl.out(`get node ${node} --no-headers`)).toMatch(/SchedulingDisabled/);
      await kubectl.out(`drain ${node} --ignore-daemonsets --delete-emptydir-data --force --timeout=20s`);
      expect(await kubectl.out(`get pods --field-selector=spec.nodeName=${node} -o name`)).toBe("");
      expect(await kubectl.out(`uncordon ${node}`)).toContain("uncordoned");
      await kubectl.out(`taint node ${node} only=me:NoSchedule`);
      expect(await get(`node ${node}`, ".spec.taints[0].key")).toBe("only");
      await kubectl.out(`taint node ${node} only-`);
    });

    it("replace --force makes the object anew, delete --force takes it at once", async () => {
      const uid = await get("configmap m", ".metadata.uid");
      const input = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, data: { a: "2" } });
      expect(await kubectl.out("replace --force -f -", { input })).toContain("configmap/m replaced");
      expect(await get("configmap m", ".metadata.uid")).not.toBe(uid);
      await kubectl.out("run doomed --image=web:1");
      expect((await kubectl.run("delete pod doomed --force --grace-period=0")).stdout).toContain("force deleted");
      expect(await kubectl.fails("get pod doomed")).toContain("NotFound");
    });

    it("apply --prune takes what is no longer among the manifests", async () => {
      const map = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { set: "s" } } });
      const both = JSON.stringify({ apiVersion: "v1", kind: "List", items: [map("p1"), map("p2")] });
      const one = JSON.stringify({ apiVersion: "v1", kind: "List", items: [map("p1")] });
      await kubectl.out("apply -f -", { input: both });
      const pruned = await kubectl.run("apply --prune -l set=s --prune-allowlist=core/v1/ConfigMap -f -", {
        input: one,
      });
      expect(pruned.stdout).toContain("configmap/p2 pruned");
      expect(await kubectl.out("get configmaps -l set=s -o name")).toBe("configmap/p1\n");
    });

    it("debug adds an ephemeral container", async () => {
      await kubectl.out("run sick --image=web:1");
      await kubectl.out("wait pod/sick --for=condition=Ready --timeout=10s");
      await kubectl.run("debug sick --image=tools:1 --container=look --quiet --attach=false");
      expect(await get("pod sick", ".spec.ephemeralContainers[*].name")).toBe("look");
    });

    it("statefulsets and daemonsets roll out, restart and undo as well", async () => {
      const template = { metadata: { labels: { app: "s" } }, spec: { containers: [{ name: "c", image: "c:1" }] } };
      const set = (kind: string, more: object = {}) => ({
        apiVersion: "apps/v1",
        kind,
        metadata: { name: "s" },
        spec: { selector: { matchLabels: { app: "s" } }, template, ...more },
      });
      const items = [set("StatefulSet", { serviceName: "s", replicas: 2 }), set("DaemonSet")];
      await kubectl.out("apply -f -", { input: JSON.stringify({ apiVersion: "v1", kind: "List", items }) });
      for (const name of ["statefulset/s", "daemonset/s"]) {
        await kubectl.out(`rollout status ${name} --timeout=20s`);
        await kubectl.out(`set image ${name} c=c:2`);
        await kubectl.out(`rollout status ${name} --timeout=20s`);
        expect(await kubectl.out(`rollout history ${name}`)).toMatch(/^1 .*\n2 /m);
        await kubectl.out(`rollout undo ${name}`);
        await kubectl.out(`rollout status ${name} --timeout=20s`);
        expect(await get(name, ".spec.template.spec.containers[0].image")).toBe("c:1");
      }
    });
  },
  60_000,
);
