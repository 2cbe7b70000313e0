import { TerminalError } from "@homeostat/runtime";

/** Why an instance cannot be run as it stands; source: the Go operator's conditions. */
export type ConfigurationReason =
  | "InvalidStorageConfig"
  | "InvalidTenantsConfiguration"
  | "CouldNotGetOpenShiftBaseDomain"
  | "CouldNotGetOpenShiftTLSPolicy"
  /** With the prefix: existing users look for it. */
  | "ReasonMissingGatewayTenantSecret"
  | "FailedUpgrade"
  /** What the Go operator left to its webhook alone. */
  | "InvalidConfiguration";

/**
 * Something only a person can mend: in the resource, or in an object it refers to. It is not tried again until one of
 * these changes.
 */
export class ConfigurationError extends TerminalError {
  readonly reason: ConfigurationReason;

  constructor(reason: ConfigurationReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
