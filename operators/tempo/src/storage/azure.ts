import type { AzureParams } from "./params.ts";
import { bothKinds, missingKeys, type SecretData, type SecretReading } from "./secret-data.ts";

const keysOf = {
  static: ["container", "account_name", "account_key"],
  token: ["container", "account_name", "client_id", "tenant_id"],
} as const;

/** Reads the Secret of an Azure container. Without a stated mode the keys tell it. */
export function readAzureSecret(data: SecretData, stated: AzureParams["mode"] | undefined): SecretReading<AzureParams> {
  const mode = stated ?? inferredMode(data);
  if (mode === undefined) return [bothKinds];
  const problems = missingKeys(data, keysOf[mode]);
  if (problems.length > 0) return problems;
  const { container = "", account_name: accountName = "", client_id: clientId = "", tenant_id: tenantId = "" } = data;
  const common = { type: "azure", mode, container, accountName } as const;
  if (mode === "static") return { params: common };
  return { params: { ...common, clientId, tenantId, audience: data["audience"] || "api://AzureADTokenExchange" } };
}

function inferredMode(data: SecretData): AzureParams["mode"] | undefined {
  const isShortLived = data["tenant_id"] !== undefined;
  if (isShortLived && data["account_key"] !== undefined) return undefined;
  return isShortLived ? "token" : "static";
}
