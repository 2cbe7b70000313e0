import {
  apiVersionOf,
  type Clock,
  CustomResourceDefinition,
  isConditionTrue,
  type KubeObject,
  type Resource,
} from "@homeostat/api";
import type { Client, Operator } from "@homeostat/runtime";
import { untilHolds } from "./time.ts";

/** A program of controllers as a value: the runtime's {@link Operator}. */
export type OperatorDefinition = Operator;

/** A kind that can say how it is defined. */
interface DefinedResource extends Resource {
  crd(): KubeObject;
}

function isDefined(resource: Resource): resource is DefinedResource {
  return "crd" in resource && typeof resource.crd === "function";
}

/** Installs kinds of one's own and waits until they are served. Built-in kinds are passed over. */
export async function installResources(client: Client, clock: Clock, resources: readonly Resource[]): Promise<void> {
  for (const resource of resources) {
    if (!isDefined(resource)) continue;
    const definition = resource.crd() as CustomResourceDefinition;
    const { name = "" } = definition.metadata ?? {};
    await client.apply(CustomResourceDefinition, definition, { fieldManager: "homeostat", force: true });
    const established = async (): Promise<boolean> => {
      const { status } = await client.get(CustomResourceDefinition, { name }, { from: "live" });
      return isConditionTrue(status?.conditions, "Established");
    };
    const what = `${apiVersionOf(resource)} ${resource.kind} to be served`;
    await untilHolds(clock, established, { what, limitMs: 30_000 });
  }
}
