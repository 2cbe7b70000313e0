import { badRequest } from "@homeostat/api";
import { headerValues, type ServerRequest } from "../http/handler.ts";
import { type Authorizer, accessDenied } from "./authorizer.ts";
import { parseServiceAccountUsername, serviceAccountGroups } from "./service-account.ts";
import { anonymous, type UserInfo } from "./user-info.ts";

const extraPrefix = "impersonate-extra-";

/**
 * Who a request is made for: its sender, or whom its headers name, if the sender may speak for every part of that
 * identity (verb `impersonate` on users, groups, serviceaccounts, uids and userextras).
 *
 * @throws ApiError 400 when headers name groups, uid or extras without a user; 403 when the sender may not
 */
export async function impersonate(
  request: Pick<ServerRequest, "headers">,
  sender: UserInfo,
  authorize: Authorizer,
): Promise<UserInfo> {
  const wanted = wantedIdentity(request);
  if (!wanted) return sender;
  for (const { group, resource, subresource, namespace, name } of partsOf(wanted)) {
    const attributes = {
      isResource: true,
      user: sender,
      verb: "impersonate",
      group,
      version: "v1",
      resource,
      subresource,
      namespace,
      name,
    } as const;
    if (!(await authorize(attributes)).allowed) throw accessDenied(attributes);
  }
  return { ...wanted, groups: completeGroups(wanted) };
}

function wantedIdentity(request: Pick<ServerRequest, "headers">): UserInfo | undefined {
  const [username] = headerValues(request, "impersonate-user");
  const [uid] = headerValues(request, "impersonate-uid");
  const groups = headerValues(request, "impersonate-group");
  const extra = extraOf(request);
  if (username) return { username, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
  if (uid || groups.length > 0 || extra) {
    throw badRequest("the headers ask to impersonate a group, uid or extra without a user: add Impersonate-User");
  }
  return undefined;
}

/** Extra keys are lower case and percent-encoded, since header names hold neither case nor slashes. */
function extraOf(request: Pick<ServerRequest, "headers">): Record<string, readonly string[]> | undefined {
  const names = Object.keys(request.headers).filter((name) => name.startsWith(extraPrefix));
  if (names.length === 0) return undefined;
  return Object.fromEntries(
    names.map((name) => [decodeKey(name.slice(extraPrefix.length)), headerValues(request, name)]),
  );
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

interface Part {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
}

function partsOf({ username, groups, uid, extra = {} }: UserInfo): Part[] {
  const account = parseServiceAccountUsername(username);
  const group = "authentication.k8s.io";
  return [
    account ? { group: "", resource: "serviceaccounts", ...account } : { group: "", resource: "users", name: username },
    ...groups.map((name) => ({ group: "", resource: "groups", name })),
    ...(uid ? [{ group, resource: "uids", name: uid }] : []),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((name) => ({ group, resource: "userextras", subresource: key, name })),
    ),
  ];
}

function completeGroups({ username, groups }: UserInfo): string[] {
  const account = parseServiceAccountUsername(username);
  const all = new Set(groups.length === 0 && account ? serviceAccountGroups(account.namespace) : groups);
  if (!all.has("system:unauthenticated")) {
    all.add(username === anonymous.username ? "system:unauthenticated" : "system:authenticated");
  }
  return [...all];
}
