import type { EnvVar, ResourceRequirements } from "@homeostat/api";
import { goMemoryLimit } from "../../sizing/shares.ts";
import type { PodPart } from "./pod-part.ts";

/** The operator's proxies, handed on. */
export const proxyPart = ({ proxy }: { readonly proxy: readonly EnvVar[] }): PodPart => ({ env: proxy });

/** Keeps Go's garbage collector below the memory limit, where there is one. */
export function memoryLimitPart(resources: ResourceRequirements): PodPart {
  const value = goMemoryLimit(resources);
  return value === undefined ? {} : { env: [{ name: "GOMEMLIMIT", value }] };
}

interface RingMembers {
  readonly enableIPv6?: boolean | undefined;
  readonly instanceAddrType?: string | undefined;
}

/** The address that a member of the hash ring gives others, where it is not to find one itself. */
export function hashRingPart(memberlist: RingMembers | undefined): PodPart {
  const isWanted = memberlist?.enableIPv6 === true || memberlist?.instanceAddrType === "podIP";
  return isWanted ? { env: [fromPod("HASH_RING_INSTANCE_ADDR", "status.podIP")] } : {};
}

/** A variable whose value is a field of the pod itself. */
export const fromPod = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });
