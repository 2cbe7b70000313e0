import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createHttpTransport, type HttpTransport } from "@homeostat/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, apiOf } from "../api/client.ts";
import { definition, pod } from "../api/objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";

const cli = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));

describe("what homeostat assets prints, driven as envtest drives a control plane,", () => {
  let folder: string;
  let assets: string;
  let plane: ControlPlane;
  let transport: HttpTransport;
  let api: Api;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "assets-"));
    assets = execFileSync(process.execPath, [cli, "assets", "--dir", join(folder, "bin")], { encoding: "utf8" }).trim();
    plane = await startControlPlane({ assets });
    const { certificate: cert, key } = plane.admin;
    transport = createHttpTransport({ server: plane.server, ca: plane.certificateAuthority, cert, key });
    api = apiOf(transport);
  });
  afterAll(async () => {
    transport?.close();
    await plane?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const namespace = "/api/v1/namespaces/default";

  it("has the namespace default, which envtest waits for", async () => {
    expect((await api.get(namespace)).body.status.phase).toBe("Active");
  });

  it("shows the certificate of --cert-dir, and lets clients of --client-ca-file in", async () => {
    const review = await api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "SelfSubjectReview",
    });
    expect(review.body.status.userInfo).toMatchObject({
      username: "admin",
      groups: ["system:masters", "system:authenticated"],
    });
  });

  it("serves a definition by the time its discovery lists it, which envtest polls", async () => {
    await api.make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition("envtest.example.com"));
    await expect
      .poll(async () => (await api.get("/apis/envtest.example.com/v1")).status, { timeout: 10_000 })
      .toBe(200);
    const listed = (await api.get("/apis/envtest.example.com/v1")).body.resources as { name: string }[];
    expect(listed.map(({ name }) => name)).toContain("widgets");
  });

  it("gives Services addresses of --service-cluster-ip-range", async () => {
    expect((await api.get(`${namespace}/services/kubernetes`)).body.spec.clusterIP).toBe("10.0.0.1");
    const service = await api.make(`${namespace}/services`, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { ports: [{ port: 80 }] },
    });
    expect(service.spec.clusterIP).toMatch(/^10\.0\.0\.\d+$/);
  });

  it("signs service account tokens with the key it was given, in the name of --service-account-issuer", async () => {
    await api.make(`${namespace}/serviceaccounts`, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "builder" },
    });
    const asked = await api.post(`${namespace}/serviceaccounts/builder/token`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {},
    });
    const { token } = asked.body.status as { token: string };
    const [head, claims] = token
      .split(".")
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
    expect([head.alg, claims.iss]).toEqual(["RS256", plane.issuer]);
    const review = await api.post("/apis/authentication.k8s.io/v1/tokenreviews", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token },
    });
    expect(review.body.status.user.username).toBe("system:serviceaccount:default:builder");
  });

  it("runs no controllers: pods need no service account, nothing is collected, namespaces stay", async () => {
    await api.make(`${namespace}/pods`, pod("lonely"));
    const owner = await api.make(`${namespace}/configmaps`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "owner" },
    });
    await api.make(`${namespace}/configmaps`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "owned",
        ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: owner.metadata.uid }],
      },
    });
    await api.delete(`${namespace}/configmaps/owner`);
    expect((await api.get(`${namespace}/configmaps/owned`)).status).toBe(200);
    await api.make("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "stays" } });
    await api.delete("/api/v1/namespaces/stays");
    expect((await api.get("/api/v1/namespaces/stays")).body.status.phase).toBe("Terminating");
  });

  it("asks for authorization as --authorization-mode says", async () => {
    const nobody = createHttpTransport({ server: plane.server, ca: plane.certificateAuthority });
    try {
      expect((await apiOf(nobody).get(`${namespace}/pods`)).status).toBe(403);
    } finally {
      nobody.close();
    }
    const open = await startControlPlane({ assets, flags: { "authorization-mode": "AlwaysAllow" } });
    const anybody = createHttpTransport({ server: open.server, ca: open.certificateAuthority });
    try {
      expect((await apiOf(anybody).get(`${namespace}/pods`)).status).toBe(200);
    } finally {
      anybody.close();
      await open.stop();
    }
  });

  it("says what is wrong with its flags, and ends", async () => {
    const started = startControlPlane({ assets, flags: { "client-ca-file": join(folder, "nowhere.crt") } });
    await expect(started).rejects.toThrow(/kube-apiserver ended early: .*--client-ca-file.*nowhere\.crt/s);
  });

  it("tells its version", () => {
    const version = execFileSync(join(assets, "kube-apiserver"), ["--version"], { encoding: "utf8" });
    expect(version).toMatch(/^Kubernetes v1\.\d+\.\d+\S*\n$/);
  });

  it("ends in order on SIGTERM, with watches open", async () => {
    const brief = await startControlPlane({ assets });
    const { certificate: cert, key } = brief.admin;
    const client = createHttpTransport({ server: brief.server, ca: brief.certificateAuthority, cert, key });
    const watching = apiOf(client).watch("/api/v1/namespaces");
    await watching.until(1);
    expect(await brief.stop()).toEqual([0, 0]);
    await watching.ended;
    client.close();
  });
});
