import type { Stored } from "@homeostat/api";
import type { ReconcileContext } from "@homeostat/runtime";
import type { TempoStack } from "../api/tempo-stack.ts";
import { stackCertificates } from "../certificates/component-certificates.ts";
import { defaultStack } from "../defaults/default-stack.ts";
import type { StackInput } from "../resources/input.ts";
import type { InstancePods } from "../status/instance-status.ts";
import { stackNameProblem, validateStack } from "../validation/validate-stack.ts";
import { stackFacts } from "../webhooks/cluster-facts.ts";
import { certificatesOf } from "./certificates-of.ts";
import { digestsOf } from "./digests-of.ts";
import { dueInMs } from "./due.ts";
import { platformOf, settingsOf } from "./platform-of.ts";
import type { PodBook } from "./pod-book.ts";
import { stackReferences } from "./references.ts";
import { scaledWorkloads } from "./scaled-workloads.ts";
import { objectStorageOf, refuseInvalid, refuseName } from "./storage-of.ts";
import type { Surroundings } from "./surroundings.ts";
import { tenantsOf } from "./tenants-of.ts";
import { type Upgrades, upgradeStack } from "./upgrade-instance.ts";

/** What a stack's objects and status are made of, gathered from the cluster. */
export interface StackInputs {
  readonly input: StackInput;
  readonly pods: InstancePods;
  readonly dueInMs: number | undefined;
}

export interface StackGathering extends Surroundings {
  readonly book: PodBook;
  readonly upgrades: Upgrades;
}

/**
 * Gathers, in the order in which people are told what is wrong: upgrade, storage, the rest of the spec, tenants,
 * platform. Nothing is written but what an upgrade changes in the spec.
 *
 * @throws ConfigurationError where a person has to mend something
 */
export async function gatherStack(
  context: ReconcileContext<TempoStack>,
  gathering: StackGathering,
): Promise<StackInputs> {
  const { client, clock, signal } = context;
  const stack: Stored<TempoStack> = await upgradeStack(context, gathering.upgrades);
  const { name, namespace = "" } = stack.metadata;
  const settings = await settingsOf(client, gathering.settings);
  const facts = await stackFacts(stack, { client, settings, signal, reads: "cache" });
  const storage = objectStorageOf(facts.storage);
  refuseInvalid(validateStack({ stack, settings, facts }));
  refuseName(stackNameProblem(name));
  const { spec } = defaultStack(stack, settings);
  const gateway = spec.template.gateway.enabled ? (spec.tenants?.mode ?? "static") : "off";
  const tenants = spec.tenants ? await tenantsOf(context, spec.tenants, gathering) : new Map();
  const issued = await certificatesOf(context, stackCertificates(name, namespace), settings);
  return {
    input: {
      name,
      namespace,
      spec,
      settings,
      storage,
      tenants,
      scaled: await scaledWorkloads(context),
      ...(await platformOf(client, settings, gateway)),
      ...(await digestsOf(context, stackReferences(name, spec, settings))),
      ...(issued ? { certificates: issued.certificates } : {}),
    },
    pods: gathering.book.of({ namespace, name }),
    dueInMs: dueInMs(clock.now(), issued?.nextRotation, spec.reconciliation?.interval),
  };
}
