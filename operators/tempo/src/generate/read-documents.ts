import { ApiError, type ConfigMap, type KubeObject, type Secret } from "@homeostat/api";
import { parseAllDocuments } from "yaml";
import { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { TempoStack } from "../api/tempo-stack.ts";
import { unknownFields } from "../settings/unknown-fields.ts";
import { GenerateError, type Problem } from "./generate-error.ts";

/** A resource of the input, checked against its schema, with the defaults of its CRD. */
export type Given = {
  /** What messages call it. */
  readonly where: string;
  readonly name: string;
  readonly namespace: string;
} & ({ readonly stack: TempoStack } | { readonly monolithic: TempoMonolithic });

/** What the input holds. */
export interface Input {
  readonly resources: readonly Given[];
  /** Objects that resources refer to, by {@link objectKey}. */
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly configMaps: ReadonlyMap<string, ConfigMap>;
  readonly warnings: readonly string[];
}

export const objectKey = (namespace: string, name: string): string => `${namespace}/${name}`;

/**
 * Reads documents, and lists of objects as `kubectl get -o yaml` prints them. Objects of other kinds are left out.
 *
 * @param namespace of objects that name none
 * @throws GenerateError with everything that is wrong
 */
export function readDocuments(text: string, namespace: string): Input {
  const found = parsedDocuments(text);
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const resources: Given[] = [];
  const secrets = new Map<string, Secret>();
  const configMaps = new Map<string, ConfigMap>();
  for (const { where, object } of found) {
    const key = objectKey(object.metadata?.namespace || namespace, object.metadata?.name ?? "");
    if (isCore(object, "Secret")) secrets.set(key, object as Secret);
    else if (isCore(object, "ConfigMap")) configMaps.set(key, object as ConfigMap);
    else if (!isOurs(object))
      warnings.push(`${where}: is left out: objects are made of TempoStack and TempoMonolithic`);
    else {
      const given = readResource(where, object, namespace);
      if (Array.isArray(given)) problems.push(...given);
      else resources.push(given as Given);
    }
  }
  problems.push(...namesakes(resources));
  if (problems.length > 0) throw new GenerateError(problems);
  if (resources.length === 0)
    throw new GenerateError([{ where: "input", message: "holds neither a TempoStack nor a TempoMonolithic" }]);
  return { resources, secrets, configMaps, warnings };
}

interface Found {
  readonly where: string;
  readonly object: KubeObject;
}

function parsedDocuments(text: string): readonly Found[] {
  const documents = [...parseAllDocuments(text)];
  const places = documents.map((document, at) => ({ document, where: `document ${at + 1}` }));
  const problems = places.flatMap(({ document, where }) =>
    document.errors.map(({ message }) => ({ where, message: message.split("\n")[0]!.replace(/:$/, "") })),
  );
  if (problems.length > 0) throw new GenerateError(problems);
  return places.flatMap(({ document, where }) => objectsIn(document.toJS(), where));
}

function objectsIn(content: unknown, where: string): readonly Found[] {
  // Nothing but comments, as before the first separator.
  if (content === null || content === undefined) return [];
  if (typeof content !== "object" || Array.isArray(content))
    throw new GenerateError([{ where, message: "must be an object with apiVersion, kind, metadata and spec" }]);
  const object = content as KubeObject & { readonly items?: unknown };
  if (Array.isArray(object.items) && object.kind?.endsWith("List"))
    return object.items.flatMap((item, at) => objectsIn(item, `${where}, item ${at + 1}`));
  const name = object.metadata?.name;
  return [{ where: `${where}, ${object.kind ?? "object without a kind"}${name ? ` ${name}` : ""}`, object }];
}

const isCore = ({ apiVersion, kind }: KubeObject, wanted: string): boolean => apiVersion === "v1" && kind === wanted;
const isOurs = ({ apiVersion = "", kind = "" }: KubeObject): boolean =>
  apiVersion.startsWith(`${TempoStack.group}/`) || kind === TempoStack.kind || kind === TempoMonolithic.kind;

function readResource(where: string, object: KubeObject, namespace: string): Given | readonly Problem[] {
  const resource = object.kind === TempoMonolithic.kind ? TempoMonolithic : TempoStack;
  // What a server keeps of a live object is none of the input's business.
  const { status: _, ...written } = object as KubeObject & { readonly status?: unknown };
  try {
    const parsed = resource.parse(written) as KubeObject & { readonly spec?: unknown };
    const unknown = unknownFields((written as { readonly spec?: unknown }).spec, parsed.spec, "spec");
    const name = parsed.metadata?.name;
    if (unknown.length > 0)
      return unknown.map((field) => ({
        where,
        field,
        message: `there is no such field in a ${resource.kind}: leave it out`,
      }));
    if (!name) return [{ where, field: "metadata.name", message: "Required value: objects are named after it" }];
    const place = { where, name, namespace: parsed.metadata?.namespace || namespace };
    const placed = { ...parsed, metadata: { ...parsed.metadata, namespace: place.namespace } };
    return resource === TempoStack
      ? { ...place, stack: placed as unknown as TempoStack }
      : { ...place, monolithic: placed as unknown as TempoMonolithic };
  } catch (error) {
    if (error instanceof ApiError) return problemsOf(where, error);
    throw error;
  }
}

function problemsOf(where: string, { status }: ApiError): readonly Problem[] {
  const causes = status.details?.causes ?? [];
  if (causes.length === 0) return [{ where, message: status.message ?? "is not fit" }];
  return causes.map(({ field, message = "" }) => ({ where, ...(field ? { field } : {}), message }));
}

/** Two resources of one name in a namespace come to the same objects, whichever kinds they are of. */
function namesakes(resources: readonly Given[]): readonly Problem[] {
  const first = new Map<string, string>();
  return resources.flatMap(({ where, name, namespace }) => {
    const other = first.get(objectKey(namespace, name));
    first.set(objectKey(namespace, name), other ?? where);
    if (other === undefined) return [];
    return [{ where, field: "metadata.name", message: `is that of ${other}, too: give each its own` }];
  });
}
