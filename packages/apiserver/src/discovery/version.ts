import type { Route } from "../http/chain.ts";
import { jsonResponse } from "../http/respond.ts";

/** The Kubernetes minor whose behaviour the server has. */
export const kubernetesVersion = { major: "1", minor: "36", gitVersion: "v1.36.0+homeostat" } as const;

const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** Answer of `/version`. The field names are those of Go programs; where we have no such thing, ours stands there. */
export function versionInfo(): Readonly<Record<string, string>> {
  const { major, minor, gitVersion } = kubernetesVersion;
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: `node${process.version}`,
    compiler: "v8",
    platform: `${process.platform}/${architectures[process.arch] ?? process.arch}`,
  };
}

export const versionRoute: Route = (info) =>
  info.path === "/version" || info.path === "/version/" ? jsonResponse(200, versionInfo()) : undefined;
