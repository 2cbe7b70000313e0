import type { DefaultedStackSpec } from "../defaults/default-stack.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import type { ObjectStorageParams } from "../storage/params.ts";

/** All that the configuration of a stack is made of. */
export interface StackConfigInput {
  readonly name: string;
  readonly namespace: string;
  readonly spec: DefaultedStackSpec;
  readonly storage: ObjectStorageParams;
  readonly settings: Pick<OperatorSettings, "gates" | "tlsProfile">;
}
