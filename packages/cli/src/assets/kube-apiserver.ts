import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { parseDuration } from "@homeostat/api";
import type { ApiServerOptions, ServeOptions } from "@homeostat/apiserver";
import type { Environment } from "../environment.ts";
import { CommandError, fileError } from "../errors.ts";
import { openAuditLog } from "./audit-flags.ts";
import { allOf, type GoFlags, lastOf } from "./go-flags.ts";

export const kubeApiServerHelp = `Homeostat's API server, started as a kube-apiserver is. No controllers run beside it.

  --secure-port=PORT                       where HTTPS is served; default 6443, 0: any free port
  --bind-address=ADDRESS                   default 127.0.0.1
  --cert-dir=DIRECTORY                     holds apiserver.crt and apiserver.key, if there are any
  --tls-cert-file=FILE                     instead of those in --cert-dir
  --tls-private-key-file=FILE
  --client-ca-file=FILE                    authorities whose client certificates are good
  --authorization-mode=RBAC                RBAC, or AlwaysAllow; others in the list have no effect
  --service-account-issuer=URL             of service account tokens
  --service-account-signing-key-file=FILE  private key that signs them
  --service-account-key-file=FILE          public keys or certificates whose tokens are good; may be repeated
  --service-cluster-ip-range=CIDR          cluster IPs of Services; default 10.96.0.0/16
  --event-ttl=DURATION                     how long Events live; default 1h0m0s
  --disable-admission-plugins=NAME,...     ServiceAccount and StorageObjectInUseProtection can be turned off
  --enable-admission-plugins=NAME,...      OwnerReferencesPermissionEnforcement can be turned on, as OpenShift has it
  --audit-policy-file=FILE                 what is logged of which requests
  --audit-log-path=FILE                    where, as a line of JSON each; -: standard output
  --version                                prints the version
  other flags                              are taken and have no effect, which is said of those that change something
                                           on a kube-apiserver
`;

/** Flags that are understood, by what has them. */
const known = new Set([
  ...["secure-port", "bind-address", "cert-dir", "tls-cert-file", "tls-private-key-file", "client-ca-file"],
  ...["authorization-mode", "service-account-issuer", "service-account-signing-key-file", "service-account-key-file"],
  ...["service-cluster-ip-range", "event-ttl", "disable-admission-plugins", "enable-admission-plugins"],
  ...["audit-policy-file", "audit-log-path", "audit-log-format"],
]);

/** Flags that a test environment gives to every server, and of which nobody needs to hear that they have no effect here. */
const silent = /^(etcd-.*|allow-privileged|insecure-.*|advertise-address|v|vmodule|logging-format|log-.*|watch-cache)$/;

/** What is to be said of flags that are not understood. */
export function ignoredFlags(flags: GoFlags): string[] {
  return [...flags.keys()]
    .filter((name) => !known.has(name) && !silent.test(name))
    .map((name) => `kube-apiserver: --${name} has no effect here`);
}

/** Serves until the process is told to stop. @throws CommandError when a flag or a file makes no sense */
export async function runKubeApiServer(flags: GoFlags, environment: Environment): Promise<void> {
  const stopped = new Promise<void>((resolve) => void environment.onSignal(() => resolve()));
  const serving = serveOptions(flags);
  const options = serverOptions(flags);
  for (const line of ignoredFlags(flags)) environment.stderr.write(`${line}\n`);
  const audit = openAuditLog(flags, (text) => environment.stdout.write(text));
  try {
    const { createApiServer } = await import("@homeostat/apiserver");
    const server = await createApiServer({
      clock: environment.clock,
      identityLease: { hostname: hostname() },
      ...options,
      ...audit.options,
    });
    try {
      const { url } = await server.listen(serving);
      environment.stderr.write(`kube-apiserver: serving securely on ${url}\n`);
      await stopped;
    } finally {
      await server.stop();
    }
  } finally {
    audit.close();
  }
}

/** Where the server listens, and what it shows itself with. */
export function serveOptions(flags: GoFlags): ServeOptions {
  const port = Number(lastOf(flags, "secure-port") ?? 6443);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new CommandError(`--secure-port ${lastOf(flags, "secure-port")}: a port is a number from 0 to 65535`);
  }
  const directory = lastOf(flags, "cert-dir");
  const found = (name: string): string | undefined => {
    const path = directory === undefined ? undefined : join(directory, name);
    return path !== undefined && existsSync(path) ? path : undefined;
  };
  const certificate = lastOf(flags, "tls-cert-file") ?? found("apiserver.crt");
  const key = lastOf(flags, "tls-private-key-file") ?? found("apiserver.key");
  if ((certificate === undefined) !== (key === undefined)) {
    throw new CommandError("--tls-cert-file and --tls-private-key-file go together: give both, or neither");
  }
  return {
    port,
    host: lastOf(flags, "bind-address") ?? "127.0.0.1",
    ...(certificate === undefined || key === undefined
      ? {}
      : {
          certificate: { certificate: read("--tls-cert-file", certificate), key: read("--tls-private-key-file", key) },
        }),
  };
}

/** What the flags say of the server itself. */
export function serverOptions(flags: GoFlags): ApiServerOptions {
  const clientAuthorities = lastOf(flags, "client-ca-file");
  const signingKey = lastOf(flags, "service-account-signing-key-file");
  const issuer = allOf(flags, "service-account-issuer")[0];
  const range = lastOf(flags, "service-cluster-ip-range")?.split(",")[0];
  const eventTtl = lastOf(flags, "event-ttl");
  const modes = allOf(flags, "authorization-mode");
  const off = new Set(allOf(flags, "disable-admission-plugins"));
  const guardsOwners = allOf(flags, "enable-admission-plugins").includes("OwnerReferencesPermissionEnforcement");
  const formerKeys = allOf(flags, "service-account-key-file").flatMap((path) =>
    pems(read("--service-account-key-file", path)),
  );
  return {
    authorization: modes.includes("AlwaysAllow") ? "AlwaysAllow" : "RBAC",
    admission: {
      serviceAccounts: !off.has("ServiceAccount"),
      storageProtection: !off.has("StorageObjectInUseProtection"),
      ...(guardsOwners ? { ownerReferencesPermission: true } : {}),
    },
    ...(clientAuthorities === undefined ? {} : { clientAuthorities: read("--client-ca-file", clientAuthorities) }),
    ...(signingKey === undefined ? {} : { serviceAccountKey: read("--service-account-signing-key-file", signingKey) }),
    ...(formerKeys.length === 0 ? {} : { formerServiceAccountKeys: formerKeys }),
    ...(issuer === undefined ? {} : { serviceAccountIssuer: issuer }),
    ...(range === undefined ? {} : { serviceRange: range }),
    ...(eventTtl === undefined ? {} : { eventTtlMs: parseDuration(eventTtl) }),
  };
}

/** The blocks of a PEM file that hold keys, or certificates. */
function pems(text: string): readonly string[] {
  return text.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g) ?? [];
}

function read(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileError(`read the file of ${flag},`, path, error, "name a file that can be read");
  }
}
