import type { ReconcileContext } from "@homeostat/runtime";
import { isGatewayOn } from "../api/monolithic/gateway-on.ts";
import type { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { monolithicCertificates } from "../certificates/component-certificates.ts";
import { defaultMonolithic } from "../defaults/default-monolithic.ts";
import type { MonolithicInput } from "../resources/input.ts";
import type { InstancePods } from "../status/instance-status.ts";
import { monolithicNameProblem, validateMonolithic } from "../validation/validate-monolithic.ts";
import { monolithicFacts } from "../webhooks/cluster-facts.ts";
import { certificatesOf } from "./certificates-of.ts";
import { digestsOf } from "./digests-of.ts";
import { dueInMs } from "./due.ts";
import { platformOf, settingsOf } from "./platform-of.ts";
import type { PodBook } from "./pod-book.ts";
import { monolithicReferences } from "./references.ts";
import { refuseInvalid, refuseName, storageOf } from "./storage-of.ts";
import type { Surroundings } from "./surroundings.ts";
import { tenantsOf } from "./tenants-of.ts";
import { type Upgrades, upgradeMonolithic } from "./upgrade-instance.ts";

/** What a TempoMonolithic's objects and status are made of, gathered from the cluster. */
export interface MonolithicInputs {
  readonly input: MonolithicInput;
  readonly pods: InstancePods;
  readonly dueInMs: number | undefined;
}

export interface MonolithicGathering extends Surroundings {
  readonly book: PodBook;
  readonly upgrades: Upgrades;
}

/** Gathers in the order of a stack. @throws ConfigurationError where a person has to mend something */
export async function gatherMonolithic(
  context: ReconcileContext<TempoMonolithic>,
  gathering: MonolithicGathering,
): Promise<MonolithicInputs> {
  const { client, clock, signal } = context;
  const monolithic = await upgradeMonolithic(context, gathering.upgrades);
  const { name, namespace = "" } = monolithic.metadata;
  const settings = await settingsOf(client, gathering.settings);
  const facts = await monolithicFacts(monolithic, { client, settings, signal, reads: "cache" });
  const storage = storageOf(facts.storage);
  refuseInvalid(validateMonolithic({ monolithic, settings, facts }));
  const { spec } = defaultMonolithic(monolithic, settings);
  refuseName(monolithicNameProblem(name, spec));
  const isOn = isGatewayOn(spec);
  const tenancy = spec.multitenancy;
  const mode = tenancy?.mode ?? "static";
  const issued = await certificatesOf(context, monolithicCertificates(name, namespace), settings);
  return {
    input: {
      name,
      namespace,
      spec,
      settings,
      storage,
      tenants: isOn && tenancy ? await tenantsOf(context, { ...tenancy, mode }, gathering) : new Map(),
      ...(await platformOf(client, settings, isOn ? mode : "off")),
      ...(await digestsOf(context, monolithicReferences(name, spec, settings))),
      ...(issued ? { certificates: issued.certificates } : {}),
    },
    pods: gathering.book.of({ namespace, name }),
    dueInMs: dueInMs(clock.now(), issued?.nextRotation, spec.reconciliation?.interval),
  };
}
