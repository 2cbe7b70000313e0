import { createApiServer } from "@homeostat/apiserver";
import { connect } from "@homeostat/runtime";
import { expect, it } from "vitest";
import { apiOf } from "./client.ts";

const folder = "/var/run/secrets/kubernetes.io/serviceaccount";

it("B255 serves a process that has the variables and files of a pod", async () => {
  await using server = await createApiServer();
  const { port, certificateAuthority } = await server.listen();
  const api = apiOf(server.transport());
  const accounts = "/api/v1/namespaces/default/serviceaccounts";
  await api.make(accounts, { metadata: { name: "robot" } });
  const { body } = await api.post(`${accounts}/robot/token`, { spec: {} });
  const files: Readonly<Record<string, string>> = {
    [`${folder}/token`]: body.status.token,
    [`${folder}/ca.crt`]: certificateAuthority,
    [`${folder}/namespace`]: "default",
  };
  const { transport, source, namespace } = connect({
    host: {
      env: { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(port) },
      homeDir: "/",
      workDir: "/",
      readFile(path) {
        const text = files[path];
        if (text === undefined) throw Object.assign(new Error(`${path} is not there`), { code: "ENOENT" });
        return text;
      },
    },
  });
  const review = await apiOf(transport).post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {});
  transport.close();
  expect([source, namespace, review.body.status.userInfo.username]).toEqual([
    "in-cluster",
    "default",
    "system:serviceaccount:default:robot",
  ]);
});
