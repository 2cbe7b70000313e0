import { ConfigMap, HorizontalPodAutoscaler, Pod, Secret, ServiceAccount } from "@homeostat/api";
import { type ControllerDefinition, controllerFor, reference } from "@homeostat/runtime";
import { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { TempoStack } from "../api/tempo-stack.ts";
import { APIServer } from "../platform/kinds.ts";
import { stackObjects } from "../resources/stack/stack.ts";
import { stackConditions, stackFailure, stackStatus } from "../status/instance-status.ts";
import { stackKinds } from "./child-kinds.ts";
import type { TempoControllersOptions } from "./controllers.ts";
import { withErrorEvents } from "./error-events.ts";
import { PodBook, podSelector, SETTLE_MS } from "./pod-book.ts";
import { type ReferredObjects, stackReferences } from "./references.ts";
import { withRetryPolicy } from "./retry-policy.ts";
import { wakeScaledStack } from "./scaled-workloads.ts";
import { gatherStack } from "./stack-inputs.ts";
import type { Surroundings } from "./surroundings.ts";
import { versionsToRecord } from "./upgrade.ts";
import type { Upgrades } from "./upgrade-instance.ts";

export interface StackControllerParts extends Surroundings {
  readonly upgrades: Upgrades;
  readonly options: TempoControllersOptions["controller"];
}

/**
 * Watches stacks, their objects, their pods, and what they refer to. What should exist is a function of what was
 * gathered, so there is nothing here to be repaired, pruned or restarted by hand.
 */
export function stackController({
  upgrades,
  options,
  ...surroundings
}: StackControllerParts): ControllerDefinition<TempoStack> {
  const { settings } = surroundings;
  const book = new PodBook();
  const referred = ({ metadata, spec }: TempoStack): ReferredObjects =>
    stackReferences(metadata?.name ?? "", spec, settings);
  const definition = controllerFor(TempoStack, {
    ...options,
    finalizer: "tempo.grafana.com/finalizer",
    pausePrefix: "tempo.grafana.com",
  })
    .watches(Pod, { handler: book.handler }, { labelSelector: podSelector("tempo") })
    .watches(HorizontalPodAutoscaler, { handler: wakeScaledStack })
    .desired({
      children: stackKinds(settings),
      references: [
        reference(Secret, (stack) => [...referred(stack).read.secrets, ...referred(stack).rendered.secrets]),
        reference(ConfigMap, (stack) => referred(stack).read.configMaps),
        // Only one of the two kinds can have a name.
        reference(TempoMonolithic, ({ metadata }) => metadata.name),
        reference(ServiceAccount, (stack) => referred(stack).serviceAccount),
        ...(settings.gates["openshift.clusterTLSPolicy"] ? [reference(APIServer, () => "cluster")] : []),
      ],
      inputs: (context) => gatherStack(context, { ...surroundings, book, upgrades }),
      desired: (_, { input }) => stackObjects(input),
      status: ({ status }, observed, { pods, input }) => ({
        ...stackStatus(observed, pods, input.spec.template.metricsGenerator?.enabled === true),
        ...versionsToRecord(status),
      }),
      conditions: (stack, observed, { pods }) => stackConditions(stack, observed, pods),
      failed: (stack, error) => stackFailure(stack, error, book.of(stack.metadata)),
      // The Go operator's, after its binary.
      formerFieldManagers: ["manager"],
      statusSettleMs: SETTLE_MS,
      requeueAfterMs: (_, __, { dueInMs }) => dueInMs,
    });
  return withRetryPolicy(withErrorEvents(definition), ({ spec }) => spec.reconciliation);
}
