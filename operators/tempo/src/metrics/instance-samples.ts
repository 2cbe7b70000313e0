import type { Condition } from "@homeostat/api";
import type { TempoStack } from "../api/tempo-stack.ts";
import { phases } from "../status/conditions.ts";
import type { Sample } from "./pulled-metric.ts";

/** What of an instance is counted. */
export interface CountedInstance {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status?: { readonly conditions?: readonly Condition[] } | undefined;
}

/** For each instance and each of the Go operator's conditions 1 where it is True, else 0. */
export function conditionSamples(instances: readonly CountedInstance[]): readonly Sample[] {
  return instances.flatMap(({ metadata, status }) =>
    phases.map((phase) => ({
      labels: { stack_namespace: metadata.namespace ?? "", stack_name: metadata.name, condition: phase },
      value: status?.conditions?.some(({ type, status: is }) => type === phase && is === "True") ? 1 : 0,
    })),
  );
}

type Spec = TempoStack["spec"];

/** How many stacks are of which kind: label, every value it may have, and the value of a stack. */
export const stackCounts = {
  tempo_operator_tempostack_storage_backend: {
    help: "TempoStacks by their object store",
    label: "type",
    values: ["azure", "gcs", "s3"],
    of: ({ storage }: Spec): string => storage.secret.type,
  },
  tempo_operator_tempostack_managed: {
    help: "TempoStacks by whether the operator looks after them",
    label: "state",
    values: ["Managed", "Unmanaged"],
    of: ({ managementState }: Spec): string => managementState ?? "Managed",
  },
  tempo_operator_tempostack_jaeger_ui: {
    help: "TempoStacks by whether they have the Jaeger UI",
    label: "enabled",
    values: ["false", "true"],
    of: ({ template }: Spec): string => String(template?.queryFrontend?.jaegerQuery?.enabled === true),
  },
  tempo_operator_tempostack_multi_tenancy: {
    help: "TempoStacks by how they know their tenants",
    label: "type",
    values: ["disabled", "openshift", "static"],
    of: ({ tenants }: Spec): string => (tenants ? (tenants.mode ?? "static") : "disabled"),
  },
} as const;

type Count = (typeof stackCounts)[keyof typeof stackCounts];

export function countSamples({ label, values, of }: Count, specs: readonly Spec[]): readonly Sample[] {
  return values.map((value) => ({
    labels: { [label]: value },
    value: specs.filter((spec) => of(spec) === value).length,
  }));
}
