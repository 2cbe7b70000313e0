import type { Stored } from "@homeostat/api";
import type { ReconcileContext } from "@homeostat/runtime";
import { TempoStack } from "../api/tempo-stack.ts";
import { operatorVersion } from "../version.ts";
import { stackUpgrade } from "./upgrade.ts";

/** Who is told of upgrades: the metric that counts them. */
export interface Upgrades {
  upgraded(kind: string): void;
  failed(kind: string): void;
}

/**
 * Brings the spec of a stack that an older operator looked after up to date. The new version is recorded with the rest
 * of the status, once the stack's objects are as this operator wants them.
 *
 * @returns the stack to go on with
 * @throws ConfigurationError where the recorded version is none, and whatever the server says
 */
export async function upgradeStack(
  { object, client, events }: ReconcileContext<TempoStack>,
  upgrades: Upgrades,
): Promise<Stored<TempoStack>> {
  try {
    const upgrade = stackUpgrade(object);
    if (upgrade === undefined) return object;
    const patch = upgrade.patch === undefined ? undefined : { spec: upgrade.patch };
    const upgraded = patch ? await client.patchMerge(TempoStack, object.metadata, patch) : object;
    upgrades.upgraded("TempoStack");
    events.normal(
      "Upgraded",
      `brought from version ${upgrade.from} to ${operatorVersion}${patch ? ": its spec changed" : ""}`,
    );
    return upgraded;
  } catch (error) {
    upgrades.failed("TempoStack");
    const why = error instanceof Error ? error.message : String(error);
    events.warning("FailedUpgrade", `an automated upgrade is not possible, correct this by hand: ${why}`);
    throw error;
  }
}
