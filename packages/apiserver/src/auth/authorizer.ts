import { type ApiError, forbidden, statusError } from "@homeostat/api";
import type { RequestInfo } from "../request-info.ts";
import type { UserInfo } from "./user-info.ts";

/** What someone wants to do. Source: authorization.k8s.io/v1, resource and non-resource attributes. */
export type Attributes = ResourceAttributes | NonResourceAttributes;

export interface ResourceAttributes {
  readonly isResource: true;
  readonly user: UserInfo;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

export interface NonResourceAttributes {
  readonly isResource: false;
  readonly user: UserInfo;
  readonly verb: string;
  readonly path: string;
}

export interface Decision {
  readonly allowed: boolean;
  /** Why, for access reviews; never shown to someone who is refused. */
  readonly reason?: string;
}

/** Asked for every request, and by access reviews. */
export type Authorizer = (attributes: Attributes) => Decision | Promise<Decision>;

export const alwaysAllow: Authorizer = () => ({ allowed: true, reason: "" });

/** Group whose members may do everything, whatever the roles say. */
export const masters = "system:masters";

export function attributesOf(info: RequestInfo, user: UserInfo): Attributes {
  const { verb } = info;
  if (!info.isResource) return { isResource: false, user, verb, path: info.path };
  const { group, version, resource, subresource, namespace, name } = info;
  return { isResource: true, user, verb, group, version, resource, subresource, namespace, name };
}

/** The 403 of a request its sender may not make. It says what was asked and nothing about the roles. */
export function accessDenied(attributes: Attributes): ApiError {
  const { user, verb } = attributes;
  const who = `User ${JSON.stringify(user.username)} cannot ${verb}`;
  if (!attributes.isResource) {
    return statusError(403, "Forbidden", `forbidden: ${who} path ${JSON.stringify(attributes.path)}`, {});
  }
  const { group, resource, subresource, namespace, name = "" } = attributes;
  const what = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : "at the cluster scope";
  return forbidden(
    { group, plural: resource },
    name,
    `${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`,
  );
}
