import { fileURLToPath } from "node:url";
import { createDevCluster, type DevCluster } from "@homeostat/devcluster";
import { webAppOperator } from "@homeostat/webapp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKubectl, type Kubectl, type Ran, suites } from "../support/kubectl.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";
import { labSteps } from "./lab-steps.ts";

/**
 * The lab step by step, as written, by kubectl and bash. `sleep` takes a hundredth of its time, and `date +%s` tells another
 * second at each call, as it would otherwise. Where the lab says what a server does not do, the test says what it does.
 */
interface Lab {
  readonly cluster: DevCluster;
  readonly kubectl: Kubectl;
  readonly directory: TemporaryDirectory;
  /** Runs a block. @throws Error with what it said, when it fails */
  step(name: string): Promise<Ran>;
  stop(): Promise<void>;
}

const programs = fileURLToPath(new URL("../support/programs", import.meta.url));

async function openLab(binary: (typeof suites)[number]["binary"], operator: boolean): Promise<Lab> {
  const directory = await temporaryDirectory();
  const cluster = await createDevCluster();
  if (operator) await cluster.run(webAppOperator);
  const { kubeconfig } = await cluster.listen();
  const kubectl = await createKubectl(binary!, directory.path, kubeconfig(), programs);
  const steps = labSteps(directory.path);
  return {
    cluster,
    kubectl,
    directory,
    async step(name) {
      const ran = await kubectl.bash(steps.get(name)!);
      if (ran.code !== 0) throw new Error(`step ${name}: exit ${ran.code}\n${ran.stdout}${ran.stderr}`);
      return ran;
    },
    async stop() {
      await cluster.stop();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const field = (kubectl: Kubectl, name: string, path: string): Promise<string> =>
  kubectl.out(["get", ...name.split(" "), "-o", `jsonpath={${path}}`]);
const version = (kubectl: Kubectl, name: string): Promise<string> => field(kubectl, name, ".metadata.resourceVersion");
const waitFor = (kubectl: Kubectl, name: string, what: string): Promise<string> =>
  kubectl.out(["wait", ...name.split(" "), `--for=${what}`, "--timeout=10s"]);

describe.for(suites)(
  "the lab with $title",
  ({ binary }) => {
    describe.skipIf(!binary).for([{ operator: true }, { operator: false }])(
      "operator running: $operator",
      ({ operator }) => {
        let lab: Lab;
        let kubectl: Kubectl;
        beforeAll(async () => {
          lab = await openLab(binary, operator);
          kubectl = lab.kubectl;
        });
        afterAll(() => lab?.stop());

        test("step 1 installs the lab's definition, over the operator's where that is there", async () => {
          const { stdout } = await lab.step("1");
          const verb = operator ? "configured" : "created";
          expect(stdout).toBe(`customresourcedefinition.apiextensions.k8s.io/webapps.apps.example.com ${verb}\n`);
          await waitFor(kubectl, "crd/webapps.apps.example.com", "condition=Established");
        });

        test("step 4 creates a WebApp; the operator makes its ConfigMap and says so in its status", async () => {
          expect((await lab.step("4")).stdout).toBe("webapp.apps.example.com/test-app created\n");
          expect(await field(kubectl, "webapp test-app", ".spec")).toBe('{"message":"Hello World","replicas":1}');
          if (!operator) return;
          await waitFor(kubectl, "webapp/test-app", "jsonpath={.status.phase}=Ready");
          expect(await field(kubectl, "configmap test-app-config", ".data.message")).toBe("Hello World");
        });

        test("step 5 makes the ConfigMap, or changes the operator's, owned by the WebApp", async () => {
          const verb = operator ? "configured" : "created";
          expect((await lab.step("5")).stdout).toBe(`configmap/test-app-config ${verb}\n`);
          const uid = await field(kubectl, "webapp test-app", ".metadata.uid");
          expect(await field(kubectl, "configmap test-app-config", ".metadata.ownerReferences[*].uid")).toBe(uid);
        });

        test("step 6 changes nothing: with the subresource, status is ignored at the main address (the lab errs)", async () => {
          const status = await field(kubectl, "webapp test-app", ".status");
          const [before, patched, after] = (await lab.step("6")).stdout.split("\n");
          expect(patched).toBe("webapp.apps.example.com/test-app patched (no change)");
          expect(after).toBe(before);
          expect(await field(kubectl, "webapp test-app", ".status")).toBe(status);
        });

        test("step 7 changes the resourceVersion, unless the status says so already; generation stays (the lab errs)", async () => {
          const before = await version(kubectl, "webapp test-app");
          const [patched, after] = (await lab.step("7")).stdout.split("\n");
          // The operator has written the same already, and a write that changes nothing is none.
          expect(patched).toBe(`webapp.apps.example.com/test-app patched${operator ? " (no change)" : ""}`);
          expect(after === before).toBe(operator);
          expect(await field(kubectl, "webapp test-app", ".metadata.generation")).toBe("1");
          expect(await field(kubectl, "webapp test-app", ".status.phase")).toBe("Ready");

          for (const phase of ["Seen", "Ready"]) {
            const seen = await version(kubectl, "webapp test-app");
            const patch = JSON.stringify({ status: { phase } });
            await kubectl.out(["patch", "webapp", "test-app", "--subresource=status", "--type=merge", "-p", patch]);
            expect(await version(kubectl, "webapp test-app")).not.toBe(seen);
            expect(await field(kubectl, "webapp test-app", ".metadata.generation")).toBe("1");
          }
        });

        test("step 8 records the generation that was seen", async () => {
          expect((await lab.step("8")).stdout).toMatch(/^Generation: 1\nwebapp.apps.example.com\/test-app patched/);
          expect(await field(kubectl, "webapp test-app", ".status.observedGeneration")).toBe("1");
        });

        test("step 9 loops nothing: spec.lastReconciled is not in the schema, so it is pruned (the lab errs)", async () => {
          await lab.step("9 write");
          const before = await version(kubectl, "webapp test-app");
          const { stdout } = await lab.step("9 run");
          expect(stdout.match(/^Reconciliation \d+$/gm)).toHaveLength(20);
          expect(stdout.match(/^webapp.apps.example.com\/test-app patched \(no change\)$/gm)).toHaveLength(20);
          expect(await version(kubectl, "webapp test-app")).toBe(before);
          expect(await field(kubectl, "webapp test-app", ".spec")).toBe('{"message":"Hello World","replicas":1}');
          expect(await kubectl.out("get events -o jsonpath={.items[?(@.reason=='ReconcileLoop')].reason}")).toBe("");
        });

        test("step 10 finds events where an operator records them, and a handful at most", async () => {
          const { stdout } = await lab.step("10");
          const lines = stdout.split("\n").filter((line) => line !== "");
          if (operator) expect(lines.join("\n")).toContain("made configmaps/default/test-app-config");
          expect(lines.length).toBeLessThanOrEqual(operator ? 3 : 0);
        });

        test("step 11 collects the ConfigMap if it is still owned: step 9 took the owner away (the lab errs)", async () => {
          const owners = await field(kubectl, "configmap test-app-config", ".metadata.ownerReferences[*].name");
          // `kubectl apply` removes what the last apply set and this one does not; only an operator puts it back.
          expect(owners).toBe(operator ? "test-app" : "");
          const { stdout } = await lab.step("11");
          expect(stdout).toContain('webapp.apps.example.com "test-app" deleted');
          if (operator) {
            await waitFor(kubectl, "configmap/test-app-config", "delete");
          } else {
            expect(stdout).not.toContain("ConfigMap deleted (garbage collected)");
            expect(await field(kubectl, "configmap test-app-config", ".data.message")).toBe("Hello World");
          }
        });

        test("step 12 keeps a WebApp terminating until its finalizer is removed", async () => {
          await lab.step("12 create");
          let ended = false;
          const deleting = lab.step("12 delete").then((ran) => {
            ended = true;
            return ran;
          });
          await waitFor(kubectl, "webapp/with-finalizer", "jsonpath={.metadata.deletionGracePeriodSeconds}=0");
          expect((await lab.step("12 look")).stdout).toMatch(/^NAME .*\nwith-finalizer /);
          expect(ended).toBe(false);
          await lab.step("12 release");
          expect((await deleting).stdout).toContain('webapp.apps.example.com "with-finalizer" deleted');
          expect(await kubectl.fails("get webapp with-finalizer")).toContain(
            'webapps.apps.example.com "with-finalizer" not found',
          );
        });

        test("step 13 sets the phase; conditions are not in the lab's schema, so they are pruned (the lab errs)", async () => {
          const { stdout, stderr } = await lab.step("13");
          expect(stdout).toContain("webapp.apps.example.com/with-conditions patched");
          expect(stderr).toContain('Warning: unknown field "status.conditions"');
          expect(await field(kubectl, "webapp with-conditions", ".status.conditions")).toBe("");
          expect(await field(kubectl, "webapp with-conditions", ".status.phase")).not.toBe("");
        });

        test("step 14 finds the operator's ConfigMap, or creates it", async () => {
          if (operator)
            await waitFor(kubectl, "configmap/with-conditions-config", "jsonpath={.data.message}=Testing conditions");
          const { stdout } = await lab.step("14");
          expect(stdout).toContain(operator ? "ConfigMap exists, checking if update needed" : "Creating ConfigMap");
          expect(stdout).toContain("Reconciliation successful");
          expect(await field(kubectl, "configmap with-conditions-config", ".data.message")).toBe("Testing conditions");
        });

        test("step 15 counts the generation up with the spec, which the operator follows", async () => {
          const lines = (await lab.step("15")).stdout.split("\n");
          expect(lines[0]).toMatch(/^\d+$/);
          expect(lines.slice(1, 4)).toEqual(["1", "webapp.apps.example.com/with-conditions patched", "2"]);
          if (!operator) return;
          await waitFor(kubectl, "configmap/with-conditions-config", "jsonpath={.data.message}=Updated");
          await waitFor(kubectl, "webapp/with-conditions", "jsonpath={.status.observedGeneration}=2");
        });

        test("the clean-up leaves nothing", async () => {
          await lab.step("cleanup");
          await waitFor(kubectl, "crd/webapps.apps.example.com", "delete");
          if (operator) await waitFor(kubectl, "configmap/with-conditions-config", "delete");
          expect(await kubectl.out("get configmaps -o name")).toBe("configmap/kube-root-ca.crt\n");
        });
      },
    );

    test.skipIf(!binary)(
      "step 9 with a definition that keeps unknown fields: the script is named as the one who writes",
      async () => {
        const lab = await openLab(binary, true);
        const { kubectl } = lab;
        try {
          await lab.step("1");
          const keep =
            '[{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-preserve-unknown-fields","value":true}]';
          await kubectl.out(["patch", "crd", "webapps.apps.example.com", "--type=json", "-p", keep]);
          await lab.step("4");
          await waitFor(kubectl, "webapp/test-app", "jsonpath={.status.phase}=Ready");
          await lab.step("9 write");
          const { stdout } = await lab.step("9 run");
          expect(stdout.match(/^webapp.apps.example.com\/test-app patched$/gm)).toHaveLength(20);
          expect(await field(kubectl, "webapp test-app", ".metadata.generation")).toBe("21");
          const event = "jsonpath={.items[?(@.reason=='BusyObject')].message}";
          expect(await kubectl.out(["get", "events", "-o", event])).toContain(
            '"kubectl-patch" keeps writing spec.lastReconciled of',
          );
          // It is not the operator's doing, so the object is not slowed.
          expect(await kubectl.out("get events -o jsonpath={.items[?(@.reason=='ReconcileLoop')].reason}")).toBe("");
          await waitFor(kubectl, "webapp/test-app", "jsonpath={.status.observedGeneration}=21");
        } finally {
          await lab.stop();
        }
      },
    );
  },
  60_000,
);
