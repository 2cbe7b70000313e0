import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ContainerProgram, createDevCluster, type DevCluster } from "@homeostat/devcluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKubectl, type Kubectl, suites } from "../support/kubectl.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";

/** What a team would write for its own image. */
const database: ContainerProgram = {
  image: "database:*",
  logs: ({ pod }) => `${pod.metadata.name} accepts connections`,
  exec([name, ...args], io) {
    if (name !== "query") return undefined;
    io.log(`query ${args.join(" ")}`);
    return io.stdout("42\n").then(() => 0);
  },
  async attach(io) {
    for await (const chunk of io.stdin) await io.stdout(new TextDecoder().decode(chunk).toUpperCase());
    return 0;
  },
  connect(_port, connection) {
    connection.on("data", (data) => connection.end(`got ${data}`));
  },
  ports: [5432],
};

const pods = `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: main
      image: web:1
      ports: [{containerPort: 80}]
      env: [{name: COLOR, value: blue}]
      command: [sh, -c, "echo starting; echo 'ready now'; sleep infinity"]
    - {name: side, image: side:1}
---
apiVersion: v1
kind: Pod
metadata: {name: db}
spec: {containers: [{name: db, image: "database:9"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: once}
spec:
  restartPolicy: Never
  containers: [{name: once, image: once, command: [sh, -c, "echo done; exit 3"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: flaky}
spec:
  containers: [{name: flaky, image: flaky, command: [sh, -c, "echo broken; exit 1"]}]
`;

/** kubectl 1.30 and later speak WebSocket, those before SPDY; ports go over WebSocket from 1.31 on. */
describe.for(suites)(
  "$title and the containers of pods",
  ({ binary }) => {
    let cluster: DevCluster;
    let directory: TemporaryDirectory;
    let kubectl: Kubectl;

    beforeAll(async () => {
      if (!binary) return;
      directory = await temporaryDirectory();
      cluster = await createDevCluster({ programs: [database] });
      kubectl = await createKubectl(binary, directory.path, (await cluster.listen()).kubeconfig());
      await kubectl.run("wait serviceaccount/default --for=jsonpath={.metadata.name}=default --timeout=10s");
      expect((await kubectl.run("apply -f -", { input: pods })).stderr).toBe("");
      await kubectl.out("wait pod/web pod/db --for=condition=Ready --timeout=10s");
      await kubectl.out("wait pod/once --for=jsonpath={.status.phase}=Failed --timeout=10s");
    });
    afterAll(async () => {
      await cluster?.stop();
      await directory?.[Symbol.asyncDispose]();
    });
    const it = test.skipIf(!binary);

    it("exec shows output and errors apart, and ends as the command does", async () => {
      expect(await kubectl.run("exec web -c main -- echo hello there")).toEqual({
        ...{ code: 0, stdout: "hello there\n", stderr: "" },
      });
      const failed = await kubectl.run([
        "exec",
        "web",
        "-c",
        "main",
        "--",
        "sh",
        "-c",
        "echo $COLOR; cat /gone; exit 4",
      ]);
      expect([failed.code, failed.stdout]).toEqual([4, "blue\n"]);
      expect(failed.stderr).toBe("cat: /gone: No such file or directory\ncommand terminated with exit code 4\n");
    });

    it("exec -i reads to the end of the input, however large", async () => {
      const input = "0123456789abcdef\n".repeat(20_000);
      expect(await kubectl.run("exec -i web -c main -- cat", { input })).toEqual({
        code: 0,
        stdout: input,
        stderr: "",
      });
      expect((await kubectl.run("exec -i web -c main -- true", { input })).code).toBe(0);
    });

    it("exec says what is wrong with command, container and pod", async () => {
      const unknown = await kubectl.run("exec web -c main -- frobnicate");
      expect([unknown.code, unknown.stderr.includes('exec: "frobnicate": executable file not found in $PATH')]).toEqual(
        [...[127, true]],
      );
      expect(await kubectl.fails("exec web -c none -- true")).toContain("container none is not valid for pod web");
      expect(await kubectl.fails("exec once -- true")).toContain("completed pod");
      expect(await kubectl.fails("exec gone -- true")).toContain('pods "gone" not found');
    });

    it("exec reaches the functions given for an image, and the rest of the commands", async () => {
      expect(await kubectl.out("exec db -- query 6x7")).toBe("42\n");
      expect(await kubectl.out("exec db -- hostname")).toBe("db\n");
      expect(await kubectl.out("logs db")).toBe("db accepts connections\nquery 6x7\n");
    });

    it("attach speaks with a container", async () => {
      expect((await kubectl.run("attach -i db", { input: "hello\n" })).stdout).toContain("HELLO\n");
    });

    it("cp copies files and folders there and back", async () => {
      await writeFile(join(directory.path, "note.txt"), "remember\n");
      await kubectl.out("cp note.txt web:/tmp/note.txt -c main");
      expect(await kubectl.out("exec web -c main -- cat /tmp/note.txt")).toBe("remember\n");
      await kubectl.out([
        "exec",
        "web",
        "-c",
        "main",
        "--",
        "sh",
        "-c",
        "mkdir -p /data/deep; echo a > /data/a; echo b > /data/deep/b",
      ]);
      await kubectl.out("cp web:/data copied -c main");
      expect(await readFile(join(directory.path, "copied/deep/b"), "utf8")).toBe("b\n");
      const missing = await kubectl.run("cp web:/nowhere copied -c main");
      expect([missing.code, missing.stdout]).toEqual([2, "tar: /nowhere: No such file or directory\n"]);
    });

    it("logs are what the command echoes, of the wanted container, lines and run", async () => {
      expect(await kubectl.out("logs web -c main")).toBe("starting\nready now\n");
      expect(await kubectl.out("logs web -c main --tail=1")).toBe("ready now\n");
      expect(await kubectl.out("logs web -c main --timestamps --tail=1")).toMatch(/^\d{4}-\S+Z ready now\n$/);
      expect(await kubectl.out("logs web -c side")).toBe("");
      expect(await kubectl.out("logs once")).toBe("done\n");
      expect(await kubectl.fails("logs web -c main --previous")).toContain(
        'previous terminated container "main" in pod "web" not found',
      );
      expect(await kubectl.out("logs flaky --tail=1")).toBe("broken\n");
    });

    it("logs --previous shows the run before a restart", async () => {
      await kubectl.out("wait pod/flaky --for=jsonpath={.status.containerStatuses[0].restartCount}=1 --timeout=20s");
      expect(await kubectl.out("logs flaky --previous")).toBe("broken\n");
    });

    it("logs -f follows until the container ends", async () => {
      await using follow = kubectl.start("logs -f db");
      await follow.until(/accepts connections/);
      await kubectl.out("exec db -- query later");
      expect(await follow.until(/query later/)).toContain("accepts connections");
    });

    it("port-forward reaches what listens in a pod", async () => {
      await using forward = kubectl.start("port-forward pod/web :80");
      const [, port] = /127\.0\.0\.1:(\d+) -> 80/.exec(await forward.until(/127\.0\.0\.1:\d+ -> 80/))!;
      const answers = await Promise.all([1, 2, 3].map(() => fetch(`http://127.0.0.1:${port}/`)));
      expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(["web\n", "web\n", "web\n"]);
    });

    it("get --raw reaches a port through the proxy", async () => {
      expect(await kubectl.out("get --raw /api/v1/namespaces/default/pods/web:80/proxy/any")).toBe("web\n");
    });

    it("port-forward says that nothing listens", async () => {
      await using forward = kubectl.start("port-forward pod/web :81");
      const [, port] = /127\.0\.0\.1:(\d+) -> 81/.exec(await forward.until(/127\.0\.0\.1:\d+ -> 81/))!;
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
      await forward.until(/connect: connection refused/);
    });
  },
  60_000,
);
