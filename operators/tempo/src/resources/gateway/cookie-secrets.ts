import type { Secret } from "@homeostat/api";
import { parse } from "yaml";
import { secretData } from "../../storage/secret-data.ts";
import type { TenantSecrets } from "../input.ts";
import type { Tenants } from "./rbac-yaml.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const length = 32;

/**
 * Cookie secrets of mode openshift, by tenant. Those in the gateway's Secret stay, so that nobody has to log in again;
 * the others are made.
 *
 * @param current the gateway's Secret as it is; undefined where there is none yet
 * @param randomBelow a whole number from 0 up to, and without, its argument; `randomInt` of `node:crypto`
 */
export function cookieSecrets(
  { authentication = [] }: Tenants,
  current: Secret | undefined,
  randomBelow: (limit: number) => number,
): ReadonlyMap<string, TenantSecrets> {
  const known = current === undefined ? new Map<string, string>() : knownCookieSecrets(current);
  return new Map(
    authentication.map(({ tenantName }) => [
      tenantName,
      { cookieSecret: known.get(tenantName) ?? newCookieSecret(randomBelow) },
    ]),
  );
}

function newCookieSecret(randomBelow: (limit: number) => number): string {
  return Array.from({ length }, () => alphabet[randomBelow(alphabet.length)]).join("");
}

interface Written {
  readonly tenants?: readonly {
    readonly name?: unknown;
    readonly openshift?: { readonly cookieSecret?: unknown } | null;
  }[];
}

/** What the Secret holds of us. A file that somebody has broken holds nothing: new secrets mend it. */
function knownCookieSecrets(secret: Secret): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  for (const tenant of tenantsOf(secretData(secret)["tenants.yaml"] ?? "")) {
    const cookieSecret = tenant?.openshift?.cookieSecret;
    if (typeof tenant?.name === "string" && typeof cookieSecret === "string" && isCookieSecret(cookieSecret))
      known.set(tenant.name, cookieSecret);
  }
  return known;
}

const isCookieSecret = (text: string): boolean => new RegExp(`^[a-zA-Z0-9]{${length}}$`).test(text);

function tenantsOf(text: string): NonNullable<Written["tenants"]> {
  try {
    const written = parse(text, { schema: "failsafe" }) as Written | null | undefined;
    return Array.isArray(written?.tenants) ? written.tenants : [];
  } catch {
    return [];
  }
}
