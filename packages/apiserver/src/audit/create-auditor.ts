import { apiVersionOf, type Clock } from "@homeostat/api";
import { header, type ServerRequest } from "../http/handler.ts";
import type { ServerLog } from "../log.ts";
import type { AuditOptions } from "../options.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { Auditor } from "./audit.ts";
import type { AuditEvent } from "./event.ts";
import { parseAuditPolicy } from "./parse-policy.ts";
import { decideAudit } from "./policy.ts";
import { Trail, type TrailOptions } from "./trail.ts";

/** @throws Error that names the field, for a policy that is none */
export function createAuditor(
  options: AuditOptions,
  { catalog, clock, log }: { readonly catalog: () => Catalog; readonly clock: Clock; readonly log: ServerLog },
): Auditor {
  const policy = parseAuditPolicy(options.policy);
  // A log that cannot be written must not stop what it is about.
  const emit = (event: AuditEvent): void => {
    try {
      options.sink(`${JSON.stringify(event)}\n`);
    } catch (error) {
      log.error({ err: error, auditId: event.auditID }, "Writing to the audit log failed");
    }
  };
  const typeOf: TrailOptions["typeOf"] = (info) => {
    const served = info.isResource ? catalog().find(info.group, info.version, info.resource) : undefined;
    return served && { kind: served.resource.kind, apiVersion: apiVersionOf(served.resource) };
  };
  const trailOptions = { clock, emit, typeOf };
  return {
    begin(audited) {
      const decision = decideAudit(policy, audited.info, audited.user);
      if (decision.level === "None") return undefined;
      const trail = new Trail(audited, decision, trailOptions);
      trail.received();
      return trail;
    },
    refused(audited) {
      const decision = decideAudit(policy, audited.info, undefined);
      if (decision.level !== "None") new Trail(audited, decision, trailOptions).refused(attempted(audited.request));
    },
  };
}

/** How a client tried to say who it is. Source: apiserver, endpoints/filters `getAuthMethods`. */
function attempted(request: ServerRequest): string {
  const methods: string[] = [];
  const authorization = header(request, "authorization") ?? "";
  if (/^basic /i.test(authorization)) methods.push("basic");
  if (/^bearer /i.test(authorization)) methods.push("bearer");
  if (request.peer) methods.push("x509");
  return methods.join(", ");
}
