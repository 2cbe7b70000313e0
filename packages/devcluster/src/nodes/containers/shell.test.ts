import type { Container, Pod, Stored } from "@homeostat/api";
import { createVirtualClock } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { scriptLines } from "./script-lines.ts";
import { runCommand } from "./shell.ts";
import { packTar, unpackTar } from "./tar.ts";

async function run(words: readonly string[], input: readonly string[] = [], files = new Map<string, Uint8Array>()) {
  const output = { stdout: "", stderr: "" };
  const pod = { metadata: { name: "web" } } as Stored<Pod>;
  const code = await runCommand(words, {
    stdin: (async function* () {
      for (const piece of input) yield Buffer.from(piece);
    })(),
    stdout: async (data) => void (output.stdout += Buffer.from(data).toString()),
    stderr: async (data) => void (output.stderr += Buffer.from(data).toString()),
    env: new Map([["NAME", "a b"]]),
    target: { pod, container: { name: "main" } as Container, files, log: () => undefined },
    clock: createVirtualClock(),
    signal: new AbortController().signal,
  });
  return { code, ...output };
}
const sh = (script: string) => run(["sh", "-c", script]);

describe("the shell of a container", () => {
  test.for([
    ["echo a; echo b", "a\nb\n"],
    [`echo "$NAME" '$NAME' \${NAME}x \\$NAME # no more`, "a b $NAME a bx $NAME\n"],
    ["false && echo no || echo yes", "yes\n"],
    ["true || echo no; echo $?", "0\n"],
    ["sh -c 'exit 3'; echo $?", "3\n"],
    ["echo one two | cat | cat", "one two\n"],
    ["echo a > /tmp/x; echo b >> tmp/x; cat /tmp/x; ls /tmp", "a\nb\nx\n"],
    ["X=1; X=2$X; echo $X", "21\n"],
    ["test -d /tmp && [ a != b ] && test -f /gone || echo none", "none\n"],
    ["echo secret > /dev/null; hostname", "web\n"],
    ["echo a\nexit\necho b", "a\n"],
  ])("runs %j", async ([script, stdout]) => {
    expect(await sh(script!)).toEqual({ code: 0, stdout, stderr: "" });
  });

  test("ends with the code of its last command, or of exit", async () => {
    expect((await sh("true; false")).code).toBe(1);
    expect((await sh("exit 42; true")).code).toBe(42);
  });

  test.for([
    ["frobnicate", 127, "sh: frobnicate: not found\n"],
    ["echo `date`", 2, "sh: syntax error: ` is not understood here\n"],
    ["echo 'open", 2, "sh: syntax error: ' is not understood here\n"],
    ["echo >", 2, "sh: syntax error: a redirection needs a file\n"],
    ["cat /gone", 1, "cat: /gone: No such file or directory\n"],
  ] as const)("refuses %j with %i", async ([script, code, stderr]) => {
    expect(await sh(script)).toMatchObject({ code, stderr });
  });

  test("reads a script from its input, line by line", async () => {
    expect(await run(["/bin/sh"], ["echo a\nec", "ho b\nexit 5\necho c\n"])).toEqual({
      ...{ code: 5, stdout: "a\nb\n", stderr: "" },
    });
  });

  test("leaves unknown programs to the caller", async () => {
    expect((await run(["frobnicate"])).code).toBeUndefined();
  });
});

test("an archive holds the files that were put into it", () => {
  const files = [
    { name: "a", content: Buffer.from("x".repeat(513)) },
    { name: `${"deep/".repeat(24)}b`, content: Buffer.alloc(0) },
  ];
  expect([...unpackTar(Buffer.concat([...packTar(files)]))]).toEqual(files);
  expect(() => [...packTar([{ name: "x".repeat(101), content: Buffer.alloc(0) }])]).toThrow("the name is too long");
});

test.for(["cf", "zcf", "-czf"])(
  "tar %s takes files of a folder by their names there, and puts them elsewhere",
  async (mode) => {
    const from = new Map([
      ["/etc/app/a", Buffer.from("one")],
      ["/etc/app/deep/b", Buffer.from("two")],
      ["/etc/c", Buffer.from("three")],
    ]);
    const archive: Uint8Array[] = [];
    const io = (files: Map<string, Uint8Array>) => ({
      stdin: (async function* () {
        yield* archive;
      })(),
      stdout: async (data: string | Uint8Array) => void archive.push(Buffer.from(data)),
      stderr: async (data: string | Uint8Array) => expect.unreachable(String(data)),
      env: new Map<string, string>(),
      target: {
        pod: { metadata: { name: "web" } } as Stored<Pod>,
        container: { name: "main" } as Container,
        files,
        log: () => undefined,
      },
      clock: createVirtualClock(),
      signal: new AbortController().signal,
    });
    expect(await runCommand(["tar", mode, "-", "-C", "/etc/app", "a", "deep"], io(from))).toBe(0);
    const into = new Map<string, Uint8Array>();
    expect(await runCommand(["tar", mode.replace("c", "x"), "-", "-C", "/tmp"], io(into))).toBe(0);
    expect([...into].map(([name, content]) => `${name} ${Buffer.from(content)}`)).toEqual([
      "/tmp/a one",
      "/tmp/deep/b two",
    ]);
  },
);

test.for([
  [["echo", "a", "b"], [{ afterMs: 0, text: "a b" }]],
  [
    ["/bin/sh", "-c", "echo a; sleep 2 && echo 'b c'; exit 1; echo d"],
    [
      { afterMs: 0, text: "a" },
      { afterMs: 2_000, text: "b c" },
    ],
  ],
  [["sh", "-c", "echo a; sleep infinity; echo b"], [{ afterMs: 0, text: "a" }]],
  [["sh", "-c", "echo a; serve; echo b"], [{ afterMs: 0, text: "a" }]],
  [["sh", "-c", "echo a | cat"], []],
  [["nginx"], []],
] as const)("the command %j logs what it echoes", ([words, lines]) => {
  expect(scriptLines(words)).toEqual(lines);
});
