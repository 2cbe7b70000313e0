import type { JsonObject } from "@homeostat/api";
import { ensure, setDefault, setDefaultOverZero, struct, text } from "../json-fields.ts";

export function defaultStorageClass(storageClass: JsonObject): void {
  setDefault(storageClass, "reclaimPolicy", "Delete");
  setDefault(storageClass, "volumeBindingMode", "Immediate");
}

export function defaultCsiDriver(driver: JsonObject): void {
  const spec = ensure(driver, "spec");
  setDefault(spec, "attachRequired", true);
  setDefault(spec, "podInfoOnMount", false);
  setDefault(spec, "storageCapacity", false);
  setDefault(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
  setDefault(spec, "volumeLifecycleModes", ["Persistent"]);
  setDefault(spec, "requiresRepublish", false);
  setDefault(spec, "seLinuxMount", false);
}

export function defaultPriorityClass(priorityClass: JsonObject): void {
  setDefault(priorityClass, "preemptionPolicy", "PreemptLowerPriority");
}

export function defaultFlowSchema(schema: JsonObject): void {
  setDefaultOverZero(ensure(schema, "spec"), "matchingPrecedence", 1000);
}

export function defaultPriorityLevel(level: JsonObject): void {
  const spec = ensure(level, "spec");
  const exempt = struct(spec, "exempt");
  if (text(spec, "type") === "Exempt" || exempt) {
    const shares = ensure(spec, "exempt");
    setDefault(shares, "nominalConcurrencyShares", 0);
    setDefault(shares, "lendablePercent", 0);
  }
  const limited = struct(spec, "limited");
  if (!limited) return;
  setDefault(limited, "nominalConcurrencyShares", 30);
  setDefault(limited, "lendablePercent", 0);
  const queuing = struct(struct(limited, "limitResponse"), "queuing");
  if (!queuing) return;
  setDefaultOverZero(queuing, "queues", 64);
  setDefaultOverZero(queuing, "handSize", 8);
  setDefaultOverZero(queuing, "queueLengthLimit", 50);
}
