import { isInvalid, type KubeObject, type Resource, type Stored } from "@homeostat/api";
import type { ReconcileContext } from "@homeostat/runtime";
import { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { TempoStack } from "../api/tempo-stack.ts";
import { operatorVersion, tempoVersion } from "../version.ts";
import { ConfigurationError } from "./configuration-error.ts";
import { monolithicUpgrade, stackUpgrade, type Upgrade } from "./upgrade.ts";

/** Who is told of upgrades: the metric that counts them. */
export interface Upgrades {
  upgraded(kind: string): void;
  failed(kind: string): void;
}

/**
 * Brings the spec of a stack that an older operator looked after up to date, and records at once that it is: what keeps
 * it from being Ready must not have it upgraded again and again.
 *
 * @returns the stack to go on with
 * @throws ConfigurationError where a person has to help, and whatever else the server says, which may pass
 */
export const upgradeStack = (context: ReconcileContext<TempoStack>, upgrades: Upgrades): Promise<Stored<TempoStack>> =>
  upgradeInstance(context, TempoStack, stackUpgrade, upgrades);

/** The same with a TempoMonolithic. */
export const upgradeMonolithic = (
  context: ReconcileContext<TempoMonolithic>,
  upgrades: Upgrades,
): Promise<Stored<TempoMonolithic>> => upgradeInstance(context, TempoMonolithic, monolithicUpgrade, upgrades);

async function upgradeInstance<T extends KubeObject>(
  { object, client, events }: ReconcileContext<T>,
  resource: Resource<T>,
  upgradeOf: (object: Stored<T>) => Upgrade | undefined,
  upgrades: Upgrades,
): Promise<Stored<T>> {
  try {
    const upgrade = upgradeOf(object);
    if (upgrade === undefined) return object;
    const { from, patch } = upgrade;
    if (patch) await client.patchMerge(resource, object.metadata, { spec: patch });
    const status = { operatorVersion, tempoVersion };
    const upgraded = await client.status.patchMerge(resource, object.metadata, { status });
    upgrades.upgraded(resource.kind);
    events.normal("Upgraded", `brought from version ${from} to ${operatorVersion}${patch ? ": its spec changed" : ""}`);
    return upgraded;
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    upgrades.failed(resource.kind);
    events.warning("FailedUpgrade", `an automated upgrade is not possible, correct this by hand: ${failure.message}`);
    throw failure;
  }
}

/** What trying again would not mend; undefined: it would. */
function failureOf(error: unknown): ConfigurationError | undefined {
  if (error instanceof ConfigurationError) return error;
  if (!isInvalid(error)) return undefined;
  return new ConfigurationError("FailedUpgrade", `error during upgrade: ${error.message}`, { cause: error });
}
