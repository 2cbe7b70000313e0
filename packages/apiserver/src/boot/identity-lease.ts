import { createHash } from "node:crypto";
import { formatMicroTime, isNotFound, type JsonObject } from "@homeostat/api";
import { struct } from "../builtins/json-fields.ts";
import type { ServerLog } from "../log.ts";
import { createObject } from "../registry/create.ts";
import { apiServerUser } from "../registry/custom-resource-controller.ts";
import type { Engine, WriteRequest } from "../registry/engine.ts";
import { copyOf } from "../registry/object.ts";
import { updateObject } from "../registry/update.ts";

const group = "coordination.k8s.io";
const namespace = "kube-system";
/** How often the lease is renewed, in milliseconds. Source: kube-apiserver, `IdentityLeaseRenewIntervalPeriod`. */
const renewalMs = 10_000;
/** How long it holds without a renewal. Source: kube-apiserver, `IdentityLeaseDurationSeconds`. */
const leaseDurationSeconds = 3600;

/**
 * Keeps the Lease in kube-system by which one can tell which API servers there are. A server that starts on the same
 * machine again takes the lease over. Source: KEP-1965; kube-apiserver, `apiserver-identity` lease controller.
 *
 * @returns how to stop; resolves when nothing more is written. The lease stays, as it does when a server dies.
 */
export function keepIdentityLease(
  { engine, log }: { readonly engine: Engine; readonly log: ServerLog },
  hostname: string,
): () => Promise<void> {
  const name = identityLeaseName(hostname);
  const holderIdentity = `${name}_${engine.identities.uid()}`;
  let stopped = false;
  let cancel = (): void => undefined;
  const renewed = async (): Promise<void> => {
    try {
      await renew(engine, { name, hostname, holderIdentity });
    } catch (error) {
      log.warn({ error: String(error), lease: `${namespace}/${name}` }, "Renewing the server's lease failed");
    }
    if (!stopped) cancel = engine.clock.setTimer(next, renewalMs, { keepAlive: false });
  };
  let running = renewed();
  const next = (): void => {
    running = renewed();
  };
  return async () => {
    stopped = true;
    cancel();
    await running;
  };
}

/** The same for each start on one machine: `apiserver-` and half a SHA-256 in base 32. */
function identityLeaseName(hostname: string): string {
  return `apiserver-${base32(createHash("sha256").update(hostname).digest().subarray(0, 16))}`;
}

interface Holder {
  readonly name: string;
  readonly hostname: string;
  readonly holderIdentity: string;
}

async function renew(engine: Engine, holder: Holder): Promise<void> {
  const write = writeOf(engine);
  const now = formatMicroTime(engine.clock.now());
  const transform = (live: JsonObject): JsonObject => ({ ...copyOf(live), spec: renewedSpec(live, holder, now) });
  try {
    await updateObject(engine, write, holder.name, { fields: "record", transform });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await createObject(engine, write, leaseOf(holder, now));
  }
}

/** Another holder is a server that ran here before. */
function renewedSpec(live: JsonObject, { holderIdentity }: Holder, now: string): JsonObject {
  const before = struct(live, "spec") ?? {};
  const spec = { ...before, holderIdentity, leaseDurationSeconds, renewTime: now };
  if (before["holderIdentity"] === holderIdentity) return spec;
  return { ...spec, acquireTime: now, leaseTransitions: Number(before["leaseTransitions"] ?? 0) + 1 };
}

function leaseOf({ name, hostname, holderIdentity }: Holder, renewTime: string): JsonObject {
  return {
    apiVersion: `${group}/v1`,
    kind: "Lease",
    metadata: {
      name,
      namespace,
      labels: { "apiserver.kubernetes.io/identity": "kube-apiserver", "kubernetes.io/hostname": hostname },
    },
    spec: { holderIdentity, leaseDurationSeconds, renewTime },
  };
}

function writeOf(engine: Engine): WriteRequest {
  const served = engine.catalog.find(group, "v1", "leases");
  if (!served) throw new Error(`the catalog has no leases.${group}`);
  return {
    ...{ served, namespace, subresource: undefined },
    ...{ user: apiServerUser, dryRun: false, fieldManager: "kube-apiserver", warn() {} },
  };
}

/** RFC 4648 in lower case, without padding. */
function base32(bytes: Uint8Array): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  let bits = 0;
  let value = 0;
  let text = "";
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[(value >>> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text;
}
