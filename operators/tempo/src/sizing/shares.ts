import { formatQuantity, quantityFromMilli, quantityToMilli, type ResourceRequirements } from "@homeostat/api";
import type { SizedContainer } from "./sizes.ts";

/** Which of the three tables of shares applies: they differ by what runs beside the components. */
export type ShareTable = "plain" | "gateway" | "jaeger-authentication";

interface Share {
  readonly cpu: number;
  readonly memory: number;
}

const share = (cpu: number, memory: number): Share => ({ cpu, memory });

/**
 * The generator came after the tables, which are full: it is on top of the total, as tempo-query is. About what it has
 * by size; without a limit of its own it could take the others' memory.
 */
const generator = share(0.1, 0.1);

const plain: Partial<Record<SizedContainer, Share>> = {
  distributor: share(0.27, 0.12),
  ingester: share(0.38, 0.5),
  compactor: share(0.16, 0.18),
  querier: share(0.1, 0.15),
  "query-frontend": share(0.045, 0.025),
  "jaeger-query": share(0.045, 0.025),
  "metrics-generator": generator,
};

const shares: Readonly<Record<ShareTable, Readonly<Partial<Record<SizedContainer, Share>>>>> = {
  plain,
  gateway: {
    distributor: share(0.26, 0.11),
    ingester: share(0.36, 0.49),
    compactor: share(0.15, 0.17),
    querier: share(0.09, 0.14),
    "query-frontend": share(0.04, 0.02),
    "jaeger-query": share(0.04, 0.02),
    gateway: share(0.04, 0.03),
    "gateway-opa": share(0.02, 0.02),
    "metrics-generator": generator,
  },
  "jaeger-authentication": {
    ...plain,
    "jaeger-query": share(0.035, 0.015),
    "oauth-proxy": share(0.01, 0.01),
  },
};

/**
 * A container's part of `resources.total`. Only cpu and memory among the limits of `total` count; the request is
 * three tenths of the limit.
 *
 * The arithmetic is that of 32-bit floats, rounded after each step, since resources computed so are in use and another
 * last digit would restart every pod on migration.
 *
 * @param replicas pods that share the component's part; undefined means it is not divided
 */
export function shareOfTotal(
  total: ResourceRequirements,
  table: ShareTable,
  container: SizedContainer,
  replicas: number | undefined,
): ResourceRequirements {
  const part = shares[table][container];
  const { cpu, memory } = total.limits ?? {};
  if (part === undefined || (cpu === undefined && memory === undefined)) return {};
  const limits: Record<string, string> = {};
  const requests: Record<string, string> = {};
  if (cpu !== undefined) {
    const { limit, request } = split(Number(quantityToMilli(cpu)), part.cpu, replicas);
    limits["cpu"] = formatQuantity(quantityFromMilli(limit, "BinarySI"));
    requests["cpu"] = formatQuantity(quantityFromMilli(request, "BinarySI"));
  }
  if (memory !== undefined) {
    const bytes = Number((quantityToMilli(memory) + 999n) / 1000n);
    const { limit, request } = split(bytes, part.memory, replicas);
    limits["memory"] = bytesText(limit);
    requests["memory"] = bytesText(request);
  }
  return { limits, requests };
}

function split(total: number, part: number, replicas: number | undefined): { limit: number; request: number } {
  const f = Math.fround;
  const whole = f(f(total) * f(part));
  const each = replicas !== undefined && replicas > 1 ? f(whole / f(replicas)) : whole;
  return { limit: Math.trunc(each), request: Math.trunc(f(each * f(0.3))) };
}

const bytesText = (bytes: number): string =>
  formatQuantity({ nano: BigInt(bytes) * 1_000_000_000n, format: "BinarySI" });

/** Value of GOMEMLIMIT: four fifths of the memory limit, in bytes; undefined without one. */
export function goMemoryLimit(resources: ResourceRequirements): string | undefined {
  const limit = resources.limits?.["memory"];
  if (limit === undefined) return undefined;
  const bytes = (quantityToMilli(limit) + 999n) / 1000n;
  return String((bytes * 80n) / 100n);
}
