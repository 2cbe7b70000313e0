import type { Registry } from "prom-client";
import type { Client } from "../client/client.ts";
import type { ControllerDefinition } from "../controller/definition.ts";
import type { Logger } from "../log.ts";
import { promClient } from "../on-demand.ts";
import { deriveRules } from "../rbac/derive.ts";
import { checkAccess } from "../rbac/self-check.ts";

export interface PermissionCheckOptions {
  readonly client: Client;
  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  readonly controllers: readonly ControllerDefinition<any>[];
  /** Where it works. Undefined: everywhere. */
  readonly namespaces: readonly string[] | undefined;
  readonly registry: Registry;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Asks at the start whether the process may do what its controllers declare, so that a missing permission is known
 * before the first write that needs it. What is missing is logged as the exact rules to add, and counted; nothing else
 * comes of it: what works without goes on.
 */
export async function checkPermissions(options: PermissionCheckOptions): Promise<void> {
  const { client, controllers, namespaces, registry, log, signal } = options;
  const gauge = new (promClient().Gauge)({
    name: "homeostat_missing_permissions",
    help: "Rules that the roles of this process lacked when it started",
    registers: [registry],
  });
  try {
    const { rules } = deriveRules(controllers);
    const missing = await checkAccess({ client, rules, signal, ...(namespaces ? { namespaces } : {}) });
    gauge.set(missing.reduce((sum, each) => sum + each.rules.length, 0));
    for (const { message, namespace } of missing)
      log.warn({ reason: message, ...(namespace === undefined ? {} : { namespace }) }, "Permissions are missing");
  } catch (error) {
    if (!signal.aborted) log.debug({ err: error }, "Permissions could not be checked");
  }
}
