import { objectOf, ServiceAccount } from "@homeostat/api";
import { componentName } from "../../names.ts";
import type { MonolithicInput } from "../input.ts";
import { cloudIdentity, loginRedirect } from "../pod/service-account-annotations.ts";
import { hasOauthProxy, isOpenshiftMode } from "./features.ts";
import { monolithicMetadata } from "./metadata.ts";

/** The pod's service account; undefined where the user names one of theirs, with annotations of theirs. */
export function serviceAccount(input: MonolithicInput): ServiceAccount | undefined {
  if (input.spec.serviceAccount) return undefined;
  const annotations = { ...cloudIdentity(input.storage), ...loginRedirects(input) };
  const metadata = {
    ...monolithicMetadata(input.name, "serviceaccount", annotations),
    name: componentName(input.name),
  };
  return objectOf(ServiceAccount, { metadata });
}

function loginRedirects(input: MonolithicInput): Readonly<Record<string, string>> {
  const route = componentName(input.name, "jaegerui");
  const tenants = isOpenshiftMode(input) ? (input.spec.multitenancy?.authentication ?? []) : [];
  const keys = [...tenants.map(({ tenantName }) => tenantName), ...(hasOauthProxy(input) ? ["primary"] : [])];
  return Object.assign({}, ...keys.map((key) => loginRedirect(key, route)));
}
