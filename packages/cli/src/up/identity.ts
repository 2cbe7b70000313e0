import { generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@homeostat/api";
import { CommandError } from "../errors.ts";
import { writePrivateFile } from "./private-file.ts";

/** What makes a cluster the same one after a restart: its kubeconfigs and its service accounts' tokens stay good. */
export interface ClusterIdentity {
  readonly authority: { readonly certificate: string; readonly key: string };
  /** PEM. */
  readonly serviceAccountKey: string;
  /** By whose certificates aggregated servers know the server. Directories from before it was kept have none. */
  readonly frontProxyAuthority?: { readonly certificate: string; readonly key: string };
}

/** Reads the identity kept in a data directory, or makes and keeps one. @throws CommandError where it makes no sense */
export async function keptIdentity(directory: string, clock: Clock): Promise<ClusterIdentity> {
  const path = join(directory, "identity.json");
  const kept = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (kept !== undefined) return parseIdentity(kept, path);
  const { createCertificateAuthority } = await import("@homeostat/api/certificates");
  const { certificate, key } = createCertificateAuthority({ clock });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const serviceAccountKey = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const frontProxy = createCertificateAuthority({ clock }, "front-proxy-ca");
  const identity: ClusterIdentity = {
    authority: { certificate, key },
    serviceAccountKey,
    frontProxyAuthority: { certificate: frontProxy.certificate, key: frontProxy.key },
  };
  await writePrivateFile(path, `${JSON.stringify(identity, null, 2)}\n`);
  return identity;
}

function parseIdentity(text: string, path: string): ClusterIdentity {
  const damaged = (cause?: unknown): CommandError =>
    new CommandError(`${path} is damaged: remove it, and the cluster gets new certificates`, { cause });
  let parsed: Partial<ClusterIdentity>;
  try {
    parsed = JSON.parse(text) as Partial<ClusterIdentity>;
  } catch (error) {
    throw damaged(error);
  }
  const { authority, serviceAccountKey, frontProxyAuthority } = parsed;
  if (!authority?.certificate || !authority.key || !serviceAccountKey) throw damaged();
  if (frontProxyAuthority && !(frontProxyAuthority.certificate && frontProxyAuthority.key)) throw damaged();
  return { authority, serviceAccountKey, ...(frontProxyAuthority ? { frontProxyAuthority } : {}) };
}
