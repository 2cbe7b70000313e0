import { expect, it } from "vitest";
import { chooseTargets } from "./target.ts";

const wanted = (target: string, more: Record<string, string> = {}) =>
  chooseTargets({ HOMEOSTAT_CONFORMANCE_TARGET: target, ...more });

it("runs against both ways to our own server unless told otherwise", () => {
  expect(chooseTargets({}).map(({ name, ours, alone }) => [name, ours, alone])).toEqual([
    ["in process", true, true],
    ["over TLS", true, true],
  ]);
});

it("runs against the server that is named, of which less can be taken for granted", () => {
  expect(wanted("kubeconfig", { KUBECONFIG: "/a" })).toMatchObject([{ ours: false, alone: false }]);
  expect(wanted("assets", { KUBEBUILDER_ASSETS: "/a" })).toMatchObject([{ ours: false, alone: true }]);
  expect(wanted("assets", { KUBEBUILDER_ASSETS: "/a" })[0]!.missing).toBeUndefined();
});

it("says what is missing where the target cannot be found, and what can be chosen", () => {
  expect(wanted("kubeconfig")[0]!.missing).toContain("KUBECONFIG is not set");
  expect(wanted("assets")[0]!.missing).toContain("KUBEBUILDER_ASSETS is not set");
  expect(() => wanted("moon")).toThrow('HOMEOSTAT_CONFORMANCE_TARGET is "moon": choose kubeconfig or assets');
});
