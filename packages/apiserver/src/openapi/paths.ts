import { apiVersionOf } from "@homeostat/api";
import {
  type Action,
  type Content,
  META,
  type Method,
  type Operation,
  type Parameter,
  type PathItem,
  refTo,
  type SchemaObject,
} from "./document.ts";
import { actionParameters, nameParameter, namespaceParameter, prettyParameter, restParameter } from "./parameters.ts";

/** The paths of a group version: every resource and subresource with the operations it has. */

/** A resource as paths need it, built-in or custom. */
export interface PathResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** Names of the definitions of its kind and of its lists. */
  readonly definition: string;
  readonly listDefinition: string | undefined;
  readonly subresources: readonly PathSubresource[];
  /** Custom kinds take no strategic merge patches and no protobuf. */
  readonly custom: boolean;
}

export interface PathSubresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly definition: string;
  readonly connect: boolean;
  /** Query parameters of its own. */
  readonly parameters: readonly Parameter[];
  /** The answer is text: logs. */
  readonly text: boolean;
}

type Kind = { readonly group: string; readonly version: string; readonly kind: string };

export function resourcePaths(
  resources: readonly PathResource[],
  groupVersion: { readonly group: string; readonly version: string },
): Record<string, PathItem> {
  const root = groupVersion.group === "" ? `/api/${groupVersion.version}` : `/apis/${apiVersionOf(groupVersion)}`;
  const paths: Record<string, PathItem> = { [`${root}/`]: discoveryPath(groupVersion) };
  for (const resource of resources) {
    const base = resource.namespaced
      ? `${root}/namespaces/{namespace}/${resource.plural}`
      : `${root}/${resource.plural}`;
    add(paths, base, collectionPath(resource));
    if (resource.namespaced && resource.verbs.includes("list"))
      add(paths, `${root}/${resource.plural}`, allNamespacesPath(resource));
    add(paths, `${base}/{name}`, itemPath(resource));
    for (const subresource of resource.subresources) {
      const path = `${base}/{name}/${subresource.name}`;
      add(paths, path, subresourcePath(resource, subresource, []));
      if (subresource.name === "proxy")
        add(paths, `${path}/{path}`, subresourcePath(resource, subresource, [restParameter]));
    }
  }
  return paths;
}

/** Items without an operation have no path. */
function add(paths: Record<string, PathItem>, path: string, item: PathItem): void {
  if (Object.keys(item).some((key) => key !== "parameters")) paths[path] = item;
}

function discoveryPath(groupVersion: { readonly group: string; readonly version: string }): PathItem {
  return {
    get: {
      tags: [tagOf(groupVersion)],
      description: "get available resources",
      operationId: `get${identifier(groupVersion)}APIResources`,
      responses: responses(content([JSON_TYPE], refTo(`${META}.APIResourceList`))),
    },
  };
}

function collectionPath(resource: PathResource): PathItem {
  const scoped = resource.namespaced ? "Namespaced" : "";
  return {
    parameters: [...(resource.namespaced ? [namespaceParameter] : []), prettyParameter],
    ...(resource.verbs.includes("list")
      ? { get: listOperation(resource, `list${identifier(resource)}${scoped}${resource.kind}`) }
      : {}),
    ...(resource.verbs.includes("create")
      ? {
          post: operation(
            resource,
            resource,
            "post",
            `create${identifier(resource)}${scoped}${resource.kind}`,
            `create a ${resource.kind}`,
            resource.definition,
          ),
        }
      : {}),
    ...(resource.verbs.includes("deletecollection")
      ? {
          delete: operation(
            resource,
            resource,
            "deletecollection",
            `delete${identifier(resource)}Collection${scoped}${resource.kind}`,
            `delete objects of kind ${resource.kind}`,
            `${META}.Status`,
          ),
        }
      : {}),
  };
}

function allNamespacesPath(resource: PathResource): PathItem {
  return {
    parameters: [prettyParameter],
    get: listOperation(resource, `list${identifier(resource)}${resource.kind}ForAllNamespaces`),
  };
}

function listOperation(resource: PathResource, id: string): Operation {
  return operation(
    resource,
    resource,
    "list",
    id,
    `list or watch objects of kind ${resource.kind}`,
    resource.listDefinition!,
  );
}

const ITEM: readonly {
  readonly verb: string;
  readonly method: Method;
  readonly action: Action;
  readonly word: string;
  readonly says: string;
}[] = [
  { verb: "get", method: "get", action: "get", word: "read", says: "read the specified" },
  { verb: "update", method: "put", action: "put", word: "replace", says: "replace the specified" },
  { verb: "delete", method: "delete", action: "delete", word: "delete", says: "delete a" },
  { verb: "patch", method: "patch", action: "patch", word: "patch", says: "partially update the specified" },
];

function itemPath(resource: PathResource): PathItem {
  const suffix = `${resource.namespaced ? "Namespaced" : ""}${resource.kind}`;
  const operations = ITEM.filter(({ verb }) => resource.verbs.includes(verb)).map(({ method, action, word, says }) => {
    const answer = action === "delete" ? `${META}.Status` : resource.definition;
    return [
      method,
      operation(
        resource,
        resource,
        action,
        `${word}${identifier(resource)}${suffix}`,
        `${says} ${resource.kind}`,
        answer,
      ),
    ] as const;
  });
  return { parameters: itemParameters(resource), ...Object.fromEntries(operations) };
}

const itemParameters = (resource: PathResource): Parameter[] => [
  nameParameter(resource.kind),
  ...(resource.namespaced ? [namespaceParameter] : []),
  prettyParameter,
];

function subresourcePath(resource: PathResource, subresource: PathSubresource, rest: readonly Parameter[]): PathItem {
  const operations = subresource.connect
    ? connectOperations(resource, subresource, rest.length > 0)
    : objectOperations(resource, subresource);
  return {
    parameters: [...itemParameters(resource), ...rest, ...subresource.parameters],
    ...Object.fromEntries(operations),
  };
}

const SUBRESOURCE = [
  ...ITEM,
  { verb: "create", method: "post", action: "post", word: "create", says: "create" },
] as const;

function objectOperations(resource: PathResource, subresource: PathSubresource): (readonly [Method, Operation])[] {
  const suffix = `${resource.namespaced ? "Namespaced" : ""}${resource.kind}${pascal(subresource.name)}`;
  return SUBRESOURCE.filter(({ verb }) => subresource.verbs.includes(verb)).map(({ method, action, word, says }) => {
    const made = operation(
      resource,
      subresource,
      action,
      `${word}${identifier(resource)}${suffix}`,
      `${says} ${subresource.name} of the specified ${resource.kind}`,
      subresource.definition,
    );
    return [
      method,
      subresource.text
        ? { ...made, responses: responses(content(["text/plain", JSON_TYPE], { type: "string" })) }
        : made,
    ] as const;
  });
}

const CONNECT: Readonly<Record<string, readonly Method[]>> = {
  get: ["get", "head", "options"],
  create: ["post"],
  update: ["put"],
  patch: ["patch"],
  delete: ["delete"],
};

function connectOperations(
  resource: PathResource,
  subresource: PathSubresource,
  withPath: boolean,
): (readonly [Method, Operation])[] {
  const methods = subresource.verbs.flatMap((verb) =>
    subresource.name === "proxy" ? (CONNECT[verb] ?? []) : (CONNECT[verb] ?? []).slice(0, 1),
  );
  const suffix = `${resource.namespaced ? "Namespaced" : ""}${resource.kind}${pascal(subresource.name)}${withPath ? "WithPath" : ""}`;
  return methods.map((method) => [
    method,
    {
      tags: [tagOf(resource)],
      description: `connect ${method.toUpperCase()} requests to ${subresource.name} of ${resource.kind}`,
      operationId: `connect${identifier(resource)}${pascal(method)}${suffix}`,
      responses: responses(content(["*/*"], { type: "string" })),
      "x-kubernetes-action": "connect",
      "x-kubernetes-group-version-kind": {
        group: subresource.group,
        version: subresource.version,
        kind: subresource.kind,
      },
    } satisfies Operation,
  ]);
}

/** `what` is the kind that is read or written, `answer` the definition of the answer. */
function operation(
  resource: PathResource,
  what: Kind & { readonly definition: string },
  action: Action,
  id: string,
  description: string,
  answer: string,
): Operation {
  const body = requestBody(resource, action, what.definition);
  return {
    tags: [tagOf(resource)],
    description,
    operationId: id,
    ...(actionParameters[action].length > 0 ? { parameters: actionParameters[action] } : {}),
    ...(body ? { requestBody: body } : {}),
    responses: responses(content(answerTypes(action), refTo(answer)), action),
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group: what.group, version: what.version, kind: what.kind },
  };
}

const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";
const PATCH_TYPES = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
const STRATEGIC = "application/strategic-merge-patch+json";

/** Answers are never protobuf here: clients that prefer it accept JSON as well. */
function answerTypes(action: Action): readonly string[] {
  return action === "list" ? [JSON_TYPE, `${JSON_TYPE};stream=watch`, YAML_TYPE] : [JSON_TYPE, YAML_TYPE];
}

function requestBody(resource: PathResource, action: Action, definition: string): Operation["requestBody"] | undefined {
  switch (action) {
    case "post":
    case "put":
      return {
        content: content(resource.custom ? [JSON_TYPE, YAML_TYPE] : ["*/*"], refTo(definition)),
        required: true,
      };
    case "patch":
      return {
        content: content(resource.custom ? PATCH_TYPES : [...PATCH_TYPES, STRATEGIC], refTo(`${META}.Patch`)),
        required: true,
      };
    case "delete":
    case "deletecollection":
      return { content: content(["*/*"], refTo(`${META}.DeleteOptions`)) };
    default:
      return undefined;
  }
}

const content = (types: readonly string[], schema: SchemaObject): Content =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

function responses(ok: Content, action?: Action): Operation["responses"] {
  return {
    "200": { description: "OK", content: ok },
    ...(action === "post" || action === "put" || action === "patch"
      ? { "201": { description: "Created", content: ok } }
      : {}),
    ...(action === "post" || action === "delete" ? { "202": { description: "Accepted", content: ok } } : {}),
    "401": { description: "Unauthorized" },
  };
}

const pascal = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** `rbac.authorization.k8s.io` → `RbacAuthorization`, `stable.example.com` → `StableExampleCom`, core → `Core`. */
function groupWords(group: string): string {
  if (group === "") return "Core";
  return group
    .replace(/\.k8s\.io$/, "")
    .split(/[.-]/)
    .map(pascal)
    .join("");
}

const identifier = (of: { readonly group: string; readonly version: string }): string =>
  `${groupWords(of.group)}${pascal(of.version)}`;

function tagOf(of: { readonly group: string; readonly version: string }): string {
  const words = groupWords(of.group);
  return `${words.charAt(0).toLowerCase()}${words.slice(1)}_${of.version}`;
}
