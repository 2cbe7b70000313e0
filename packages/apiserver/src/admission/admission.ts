import type { JsonObject } from "@homeostat/api";
import type { UserInfo } from "../auth/user-info.ts";
import type { ServedResource } from "../registry/served-resource.ts";

/** What admission may look at. Source: the attributes of an AdmissionReview. */
export interface AdmissionAttributes {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly served: ServedResource;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  /** Empty while a name is still to be generated. */
  readonly name: string;
  /** In the version of the request; mutating plugins change it in place. Undefined on DELETE. */
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** For `Warning` headers. */
  warn(text: string): void;
}

/** A step of admission. To refuse, throw an ApiError. */
export interface AdmissionPlugin {
  readonly name: string;
  mutate?(attributes: AdmissionAttributes): void | Promise<void>;
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}

/** Runs plugins in their order: first all mutating ones, later, on what is to be stored, all validating ones. */
export interface Admission {
  mutate(attributes: AdmissionAttributes): Promise<void>;
  validate(attributes: AdmissionAttributes): Promise<void>;
}

export function createAdmission(plugins: readonly AdmissionPlugin[]): Admission {
  return {
    async mutate(attributes) {
      for (const plugin of plugins) await plugin.mutate?.(attributes);
    },
    async validate(attributes) {
      for (const plugin of plugins) await plugin.validate?.(attributes);
    },
  };
}
