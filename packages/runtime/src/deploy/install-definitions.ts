import { type Clock, CustomResourceDefinition, isConditionTrue, sleep } from "@homeostat/api";
import type { Client } from "../client/client.ts";
import { definitionsOf, type Operator } from "./operator.ts";

/**
 * Applies the definitions of an operator's kinds and waits until they are served: for clusters to develop against. In
 * production who deploys applies them, so that the operator need not be allowed to.
 */
export async function installDefinitions(operator: Operator, client: Client, clock: Clock): Promise<void> {
  for (const definition of definitionsOf(operator)) {
    const { name = "" } = definition.metadata ?? {};
    const options = { fieldManager: operator.name, force: true };
    let { status } = await client.apply(CustomResourceDefinition, definition, options);
    while (!isConditionTrue(status?.conditions, "Established")) {
      await sleep(clock, 100);
      ({ status } = await client.get(CustomResourceDefinition, { name }, { from: "live" }));
    }
  }
}
