import type { Container, Pod } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { behaviorAnnotation, commandRun, defaultMissingImages, programOf } from "./program.ts";

const options = { missingImages: defaultMissingImages, workMs: 7, probeDelays: false };
const container = (extra: Partial<Container> = {}): Container => ({ name: "c", image: "app:1", ...extra });
const pod = (behavior?: string, owner?: string): Pod => ({
  metadata: {
    ...(behavior === undefined ? {} : { annotations: { [behaviorAnnotation]: behavior } }),
    ...(owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: "batch/v1", kind: owner, name: "o", uid: "u", controller: true }] }),
  },
  spec: { containers: [] },
});

describe("commandRun", () => {
  it.each<[string, string[], object | undefined]>([
    ["sleep N", ["sleep", "30"], { endsAfterMs: 30_000, exitCode: 0 }],
    ["sleep with a unit", ["/bin/sleep", "2m"], { endsAfterMs: 120_000, exitCode: 0 }],
    ["true", ["true"], { endsAfterMs: 0, exitCode: 0 }],
    ["false", ["/bin/false"], { endsAfterMs: 0, exitCode: 1 }],
    ["a line for a shell", ["sh", "-c", "echo hi; sleep 5 && exit 3"], { endsAfterMs: 5_000, exitCode: 3 }],
    ["a shell with more flags", ["/bin/bash", "-ec", "exit 2"], { endsAfterMs: 0, exitCode: 2 }],
    ["no command", [], undefined],
    ["a command it does not know", ["nginx", "-g", "daemon off;"], undefined],
    ["a flag that ends in a slash, of a program it does not know", ["--base-path=/"], undefined],
    ["a script it does not know", ["sh", "-c", "while true; do sleep 1; done"], undefined],
  ])("reads %s", (_, words, result) => {
    expect(commandRun(words)).toEqual(result);
  });
});

describe("programOf", () => {
  it.each<[string, Pod, Container, boolean, object]>([
    ["serves by default", pod(), container(), false, { exitCode: 0, readyAfterMs: 0, imageMissing: false }],
    ["ends in a Job", pod(undefined, "Job"), container(), false, { endsAfterMs: 7, exitCode: 0 }],
    [
      "runs until it is stopped as pause, also in a Job",
      pod(undefined, "Job"),
      container({ image: "registry.k8s.io/pause:3.9" }),
      false,
      { exitCode: 0, readyAfterMs: 0 },
    ],
    ["ends as an init container", pod(), container(), true, { endsAfterMs: 7 }],
    ["serves as a sidecar", pod(), container({ restartPolicy: "Always" }), true, { readyAfterMs: 0 }],
    ["crashes on wish", pod("crash"), container(), false, { endsAfterMs: 0, exitCode: 1 }],
    ["exits with a code on wish", pod("exit=3"), container(), false, { endsAfterMs: 0, exitCode: 3 }],
    ["is killed on wish", pod("oom"), container(), false, { endsAfterMs: 0, exitCode: 137, reason: "OOMKilled" }],
    ["is slow on wish", pod("slow=30s"), container(), false, { readyAfterMs: 30_000 }],
    ["has no image on wish", pod("image-missing"), container(), false, { imageMissing: true }],
    [
      "has no image where the tag says so",
      pod(),
      container({ image: "nginx:non-existent" }),
      false,
      { imageMissing: true },
    ],
    ["leaves init containers out of wishes", pod("crash"), container(), true, { endsAfterMs: 7, exitCode: 0 }],
  ])("%s", (_, subject, its, init, result) => {
    expect(programOf(subject, its, init, options)).toMatchObject(result);
  });

  it("is never ready on wish", () => {
    expect(programOf(pod("unready"), container(), false, options)).not.toHaveProperty("readyAfterMs");
  });

  it("runs for ever where it sleeps for ever", () => {
    expect(
      programOf(pod(undefined, "Job"), container({ command: ["sleep", "infinity"] }), false, options),
    ).not.toHaveProperty("endsAfterMs");
  });
});
