import { ConfigMap, type KubeObject, Pod, Secret, ServiceAccount } from "@homeostat/api";
import { type ControllerDefinition, controllerFor, reference } from "@homeostat/runtime";
import { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { TempoStack } from "../api/tempo-stack.ts";
import { APIServer } from "../platform/kinds.ts";
import { monolithicObjects } from "../resources/monolithic/monolithic.ts";
import { monolithicConditions, monolithicFailure, monolithicStatus } from "../status/instance-status.ts";
import { monolithicKinds } from "./child-kinds.ts";
import type { TempoControllersOptions } from "./controllers.ts";
import { withErrorEvents } from "./error-events.ts";
import { gatherMonolithic } from "./monolithic-inputs.ts";
import { PodBook, podSelector, SETTLE_MS } from "./pod-book.ts";
import { monolithicReferences, type ReferredObjects } from "./references.ts";
import { withRetryPolicy } from "./retry-policy.ts";
import type { Surroundings } from "./surroundings.ts";
import { versionsToRecord } from "./upgrade.ts";
import type { Upgrades } from "./upgrade-instance.ts";

export interface MonolithicControllerParts extends Surroundings {
  readonly upgrades: Upgrades;
  readonly options: TempoControllersOptions["controller"];
}

/** Watches TempoMonolithics, their objects, their pods, and what they refer to. */
export function monolithicController({
  upgrades,
  options,
  ...surroundings
}: MonolithicControllerParts): ControllerDefinition<TempoMonolithic> {
  const { settings } = surroundings;
  const book = new PodBook();
  const referred = ({ metadata, spec }: TempoMonolithic): ReferredObjects =>
    monolithicReferences(metadata?.name ?? "", spec ?? {}, settings);
  const definition = controllerFor(TempoMonolithic, {
    ...options,
    finalizer: "tempo.grafana.com/finalizer",
    pausePrefix: "tempo.grafana.com",
    pausedWhen: unmanaged,
  })
    .watches(Pod, { handler: book.handler }, { labelSelector: podSelector("tempo-monolithic") })
    .desired({
      children: monolithicKinds(settings),
      references: [
        reference(Secret, (monolithic) => [
          ...referred(monolithic).read.secrets,
          ...referred(monolithic).rendered.secrets,
        ]),
        reference(ConfigMap, (monolithic) => referred(monolithic).read.configMaps),
        // Only one of the two kinds can have a name.
        reference(TempoStack, ({ metadata }) => metadata.name),
        reference(ServiceAccount, (monolithic) => referred(monolithic).serviceAccount),
        ...(settings.gates["openshift.clusterTLSPolicy"] ? [reference(APIServer, () => "cluster")] : []),
      ],
      inputs: (context) => gatherMonolithic(context, { ...surroundings, book, upgrades }),
      desired: (_, { input }) => monolithicObjects(input),
      status: ({ status }, observed, { pods }) => ({
        ...monolithicStatus(observed, pods),
        ...versionsToRecord(status),
      }),
      conditions: (_, observed, { pods }) => monolithicConditions(observed, pods),
      failed: (monolithic, error) => monolithicFailure(monolithic, error, book.of(monolithic.metadata)),
      // The Go operator's, after its binary.
      formerFieldManagers: ["manager"],
      statusSettleMs: SETTLE_MS,
      requeueAfterMs: (_, __, { dueInMs }) => dueInMs,
    });
  return withRetryPolicy(withErrorEvents(definition), ({ spec }) => spec?.reconciliation);
}

/** The field has another name here than in a stack. */
function unmanaged(object: KubeObject): string | undefined {
  const { spec } = object as TempoMonolithic;
  return spec?.management === "Unmanaged" ? "spec.management is Unmanaged" : undefined;
}
