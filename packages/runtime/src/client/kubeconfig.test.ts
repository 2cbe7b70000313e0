import { createVirtualClock } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect, proxyFromEnvironment } from "./connect.ts";
import { tokenFileCredentials } from "./credentials.ts";
import { type ExecConfig, execCredentials, type RunProgram } from "./exec-credentials.ts";
import { type Host, impersonationOf, loadKubeconfig, resolveContext } from "./kubeconfig.ts";

function hostWith(files: Record<string, string>, env: Record<string, string> = {}): Host {
  return {
    env,
    homeDir: "/home/jane",
    workDir: "/srv",
    readFile(path) {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: "ENOENT" });
      return text;
    },
  };
}

const config = (name: string, extra = ""): string => `
apiVersion: v1
kind: Config
current-context: ${name}
clusters: [{ name: ${name}, cluster: { server: "https://${name}.example:6443" } }]
users: [{ name: ${name}, user: { token: t-${name} } }]
contexts: [{ name: ${name}, context: { cluster: ${name}, user: ${name}, namespace: ns-${name} } }]
${extra}`;

const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
const mounted = {
  "/var/run/secrets/kubernetes.io/serviceaccount/token": "pod-token",
  "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt": "-----BEGIN CERTIFICATE-----",
  "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "team\n",
};
const everything = {
  "/srv/flag.yaml": config("flag"),
  "/srv/env.yaml": config("env"),
  "/home/jane/.kube/config": config("home"),
  ...mounted,
};

describe("connect", () => {
  const source = (options: ConnectOptions): string => {
    const connection = connect(options);
    connection.transport.close();
    return `${connection.source} ${connection.namespace} ${connection.server}`;
  };

  it("K23 prefers the flag, then KUBECONFIG, then the pod, then the home directory", () => {
    const env = { KUBECONFIG: "env.yaml", ...pod };
    expect(source({ kubeconfig: "flag.yaml", host: hostWith(everything, env) })).toBe(
      "flag ns-flag https://flag.example:6443",
    );
    expect(source({ host: hostWith(everything, env) })).toBe("env ns-env https://env.example:6443");
    expect(source({ host: hostWith(everything, pod) })).toBe("in-cluster team https://10.0.0.1:443");
    expect(source({ host: hostWith(everything) })).toBe("home ns-home https://home.example:6443");
  });

  it("puts an IPv6 address of the pod's API server in brackets", () => {
    expect(source({ host: hostWith(mounted, { ...pod, KUBERNETES_SERVICE_HOST: "fd00::1" }) })).toContain(
      "https://[fd00::1]:443",
    );
  });

  it("passes over a pod without a token", () => {
    expect(source({ host: hostWith({ "/home/jane/.kube/config": config("home") }, pod) })).toContain("home");
  });

  it("says what it looked for where there is nothing", () => {
    expect(() => connect({ host: hostWith({}) })).toThrow("/home/jane/.kube/config does not exist and this is no pod");
    expect(() => connect({ kubeconfig: "gone.yaml", host: hostWith({}) })).toThrow(
      "kubeconfig /srv/gone.yaml does not exist",
    );
  });

  it("refuses to skip verification where an authority is given", () => {
    const ca = Buffer.from("-----BEGIN CERTIFICATE-----").toString("base64");
    const text = `{clusters: [{name: a, cluster: {server: "https://a", insecure-skip-tls-verify: true, certificate-authority-data: ${ca}}}], contexts: [{name: a, context: {cluster: a}}]}`;
    expect(() => connect({ kubeconfig: "/c", host: hostWith({ "/c": text }) })).toThrow("cannot both be set");
  });

  it("refuses a client certificate without its key", () => {
    const text = `{clusters: [{name: a, cluster: {server: "https://a"}}], users: [{name: u, user: {client-certificate: c.pem}}], contexts: [{name: a, context: {cluster: a, user: u}}]}`;
    expect(() => connect({ kubeconfig: "/c", host: hostWith({ "/c": text }) })).toThrow(
      "client-certificate without a client-key",
    );
  });
});

describe("kubeconfig", () => {
  it("merges the files of KUBECONFIG: the first to name a thing wins, missing files are passed over", () => {
    const host = hostWith(
      {
        "/a.yaml": config("a"),
        "/b.yaml": `${config("b")}`.replace("https://b", "https://b2"),
        "/c.yaml": config("b"),
      },
      { KUBECONFIG: "/a.yaml:/missing.yaml:/b.yaml:/c.yaml" },
    );
    const merged = loadKubeconfig(host)!;
    expect(merged.currentContext).toBe("a");
    expect([...merged.contexts.keys()]).toEqual(["a", "b"]);
    expect(merged.clusters.get("b")!.server).toBe("https://b2.example:6443");
    expect(merged.files).toEqual(["/a.yaml", "/b.yaml", "/c.yaml"]);
  });

  it("takes relative paths from the directory of their file", () => {
    const text =
      "{clusters: [{name: a, cluster: {server: x, certificate-authority: ca.pem}}], users: [{name: u, user: {client-key: keys/k.pem, tokenFile: /abs/token, exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/login}}}, {name: v, user: {exec: {command: aws}}}]}";
    const loaded = loadKubeconfig(hostWith({ "/srv/conf/c.yaml": text }), "conf/c.yaml")!;
    expect(loaded.clusters.get("a")!["certificate-authority"]).toBe("/srv/conf/ca.pem");
    expect(loaded.users.get("u")).toMatchObject({
      "client-key": "/srv/conf/keys/k.pem",
      tokenFile: "/abs/token",
      exec: { command: "/srv/conf/bin/login" },
    });
    expect(loaded.users.get("v")!.exec!.command).toBe("aws");
  });

  it("names file and field of what is wrong", () => {
    const load = (text: string, context?: string) =>
      resolveContext(loadKubeconfig(hostWith({ "/c": text }), "/c")!, context);
    expect(() => load("a: [")).toThrow("kubeconfig /c is no YAML");
    expect(() => load("contexts: [{context: {}}]")).toThrow("kubeconfig /c: contexts[0].name is missing");
    expect(() => load("{}")).toThrow("current-context is not set; choose one of none");
    expect(() => load(config("a"), "z")).toThrow('context "z" does not exist; there are a');
    expect(() => load("{current-context: a, contexts: [{name: a, context: {cluster: gone}}]}")).toThrow(
      'names the cluster "gone", which does not exist',
    );
    expect(() =>
      load(
        config("a")
          .replace("t-a", "t-a }, x: { auth-provider: {}")
          .replace("user: { token: t-a }", "user: { auth-provider: { name: gcp } }"),
      ),
    ).toThrow("exec plugin");
  });

  it("reads who to act as", () => {
    expect(impersonationOf({ as: "jane", "as-groups": ["a"], "as-uid": "1", "as-user-extra": { k: ["v"] } })).toEqual({
      user: "jane",
      groups: ["a"],
      uid: "1",
      extra: { k: ["v"] },
    });
    expect(impersonationOf({})).toBeUndefined();
  });
});

describe("token file", () => {
  it("K22 reads the file again after a minute, and at once after a 401", async () => {
    const clock = createVirtualClock();
    const files: Record<string, string> = { "/token": "one\n" };
    const source = tokenFileCredentials({ path: "/token", readFile: (path) => files[path]!, clock });
    const token = async (): Promise<unknown> => (await source.get()).headers?.["authorization"];
    expect(await token()).toBe("Bearer one");
    files["/token"] = "two";
    await clock.advance(59_000);
    expect(await token()).toBe("Bearer one");
    await clock.advance(1_000);
    expect(await token()).toBe("Bearer two");
    files["/token"] = "three";
    source.invalidate();
    expect(await token()).toBe("Bearer three");
  });

  it("keeps the token in hand while the file cannot be read, and fails where it never could", async () => {
    const clock = createVirtualClock();
    let readable = true;
    const readFile = (): string => {
      if (!readable) throw new Error("is being replaced");
      return "one";
    };
    const source = tokenFileCredentials({ path: "/token", readFile, clock });
    await source.get();
    readable = false;
    source.invalidate();
    expect((await source.get()).headers).toEqual({ authorization: "Bearer one" });
    expect(() => tokenFileCredentials({ path: "/token", readFile, clock }).get()).toThrow(
      "cannot read token file /token: is being replaced",
    );
  });
});

describe("exec credentials", () => {
  const exec: ExecConfig = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "login",
    args: ["--now"],
    env: [{ name: "REGION", value: "eu" }],
    provideClusterInfo: true,
  };
  const answer = (status: object, apiVersion = exec.apiVersion): string =>
    JSON.stringify({ apiVersion, kind: "ExecCredential", status });

  function source(run: RunProgram, config = exec) {
    const clock = createVirtualClock();
    return {
      clock,
      source: execCredentials({
        exec: config,
        cluster: { server: "https://a" },
        env: { PATH: "/bin", UNSET: undefined },
        clock,
        run,
      }),
    };
  }

  it("runs the plugin with its arguments, environment and cluster, once for requests that come together", async () => {
    const runs: unknown[] = [];
    const { source: credentials } = source(async (command, args, { env }) => {
      runs.push([command, args, env["PATH"], env["REGION"], JSON.parse(env["KUBERNETES_EXEC_INFO"]!)]);
      return answer({ token: "abc" });
    });
    const [one, two] = await Promise.all([credentials.get(), credentials.get()]);
    expect(one).toEqual({ headers: { authorization: "Bearer abc" } });
    expect(two).toEqual(one);
    expect(await credentials.get()).toEqual(one);
    expect(runs).toEqual([
      [
        "login",
        ["--now"],
        "/bin",
        "eu",
        {
          apiVersion: exec.apiVersion,
          kind: "ExecCredential",
          spec: { cluster: { server: "https://a" }, interactive: false },
        },
      ],
    ]);
  });

  it("runs the plugin again when its answer expires or the server refuses it", async () => {
    let count = 0;
    const { clock, source: credentials } = source(async () =>
      answer({ token: `t${++count}`, expirationTimestamp: new Date(clock.now() + 60_000).toISOString() }),
    );
    const token = async (): Promise<unknown> => (await credentials.get()).headers?.["authorization"];
    expect(await token()).toBe("Bearer t1");
    await clock.advance(49_000);
    expect(await token()).toBe("Bearer t1");
    await clock.advance(2_000);
    expect(await token()).toBe("Bearer t2");
    credentials.invalidate();
    expect(await token()).toBe("Bearer t3");
  });

  it("takes a client certificate with its key", async () => {
    const { source: credentials } = source(async () => answer({ clientCertificateData: "C", clientKeyData: "K" }));
    expect(await credentials.get()).toEqual({ clientCertificate: { cert: "C", key: "K" } });
  });

  it("names the plugin and what is wrong with it, never its output", async () => {
    const failing = async (run: RunProgram, config = exec): Promise<string> => {
      try {
        await source(run, config).source.get();
      } catch (error) {
        return (error as Error).message;
      }
      return "no error";
    };
    const missing = Object.assign(new Error("spawn login ENOENT"), { code: "ENOENT" });
    expect(await failing(() => Promise.reject(missing), { ...exec, installHint: "get it at example.com" })).toBe(
      'credential plugin "login": program not found; get it at example.com',
    );
    expect(await failing(async () => "secret-token")).toBe(
      'credential plugin "login": its output is no JSON; it must print an ExecCredential',
    );
    expect(await failing(async () => answer({}))).toContain("neither a token nor a client certificate");
    expect(await failing(async () => answer({ token: "x" }, "client.authentication.k8s.io/v1beta1"))).toContain(
      'apiVersion "client.authentication.k8s.io/v1beta1"',
    );
    expect(await failing(async () => answer({ clientCertificateData: "x" }))).toContain("without its key");
    expect(await failing(async () => answer({ token: "x", expirationTimestamp: "soon" }))).toContain(
      "which is no time",
    );
    expect(await failing(async () => "", { ...exec, apiVersion: "v1" })).toContain('apiVersion "v1" is not supported');
  });

  it("starts real programs and tells what they said when they fail", async () => {
    const real = (script: string) =>
      execCredentials({
        exec: { ...exec, command: process.execPath, args: ["-e", script] },
        cluster: {},
        env: {},
        clock: createVirtualClock(),
      });
    expect(await real(`console.log(${JSON.stringify(answer({ token: "abc" }))})`).get()).toEqual({
      headers: { authorization: "Bearer abc" },
    });
    await expect(Promise.resolve(real("console.error('please log in'); process.exit(3)").get())).rejects.toThrow(
      "it failed with exit code 3: please log in",
    );
  });
});

describe("proxy of the environment", () => {
  it("follows HTTPS_PROXY except for hosts NO_PROXY names and the machine itself", () => {
    const env = { HTTPS_PROXY: "proxy:3128", NO_PROXY: "internal.example, .corp" };
    expect(proxyFromEnvironment("https://a.example", env)).toBe("http://proxy:3128");
    expect(proxyFromEnvironment("https://a.internal.example", env)).toBeUndefined();
    expect(proxyFromEnvironment("https://x.corp:6443", env)).toBeUndefined();
    expect(proxyFromEnvironment("https://127.0.0.1:6443", env)).toBeUndefined();
    expect(proxyFromEnvironment("http://a.example", env)).toBeUndefined();
    expect(proxyFromEnvironment("https://a.example", { https_proxy: "http://p", no_proxy: "*" })).toBeUndefined();
  });
});
