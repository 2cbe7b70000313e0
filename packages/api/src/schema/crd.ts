import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from "../groups/apiextensions-v1.ts";
import { groupResource } from "../resource.ts";
import type { DefinedResource } from "./define.ts";

export interface CustomResourceDefinitionOptions {
  /** Version objects are stored in. Default: that of the first resource. */
  readonly storage?: string;
  /** Versions the server offers. Default all. */
  readonly served?: readonly string[];
  /** How objects move between versions. Default: only their apiVersion is changed. */
  readonly conversion?: CustomResourceConversion;
  readonly labels?: Readonly<Record<string, string>>;
  /** Groups under `k8s.io` need `api-approved.kubernetes.io` here. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The part of a defined resource a CRD is made of. */
export type ResourceVersionDefinition = Pick<
  DefinedResource,
  | "group"
  | "version"
  | "kind"
  | "plural"
  | "singular"
  | "listKind"
  | "scope"
  | "shortNames"
  | "categories"
  | "subresources"
  | "schema"
  | "columns"
  | "scale"
  | "selectableFields"
  | "deprecated"
>;

/**
 * One CustomResourceDefinition for all versions of a kind. Names are taken from the first.
 * Throws where the versions do not belong together, or the stored version is none of them.
 */
export function customResourceDefinition(
  versions: readonly ResourceVersionDefinition[],
  options: CustomResourceDefinitionOptions = {},
): CustomResourceDefinition {
  const [first] = versions;
  if (!first)
    throw new Error("a custom resource definition needs at least one version: pass the values of defineResource");
  const name = groupResource(first);
  const storage = options.storage ?? first.version;
  checkVersions(versions, name, storage);
  const { labels, annotations } = options;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    spec: {
      group: first.group,
      names: {
        plural: first.plural,
        singular: first.singular,
        ...(first.shortNames ? { shortNames: [...first.shortNames] } : {}),
        kind: first.kind,
        listKind: first.listKind,
        ...(first.categories ? { categories: [...first.categories] } : {}),
      },
      scope: first.scope,
      versions: versions.map((version) => versionOf(version, storage, options.served)),
      ...(options.conversion ? { conversion: options.conversion } : {}),
    },
  };
}

function checkVersions(versions: readonly ResourceVersionDefinition[], name: string, storage: string): void {
  const [first] = versions;
  const stranger = versions.find(
    (version) => groupResource(version) !== name || version.kind !== first?.kind || version.scope !== first.scope,
  );
  if (stranger)
    throw new Error(
      `custom resource definition ${name}: ${stranger.kind} ${groupResource(stranger)} is another resource: use the same group, kind, plural and scope`,
    );
  const names = versions.map((version) => version.version);
  if (new Set(names).size < names.length)
    throw new Error(`custom resource definition ${name}: a version occurs twice in ${names.join(", ")}`);
  if (!names.includes(storage))
    throw new Error(`custom resource definition ${name}: storage version ${storage} is none of ${names.join(", ")}`);
}

function versionOf(
  version: ResourceVersionDefinition,
  storage: string,
  served: readonly string[] | undefined,
): CustomResourceDefinitionVersion {
  const subresources = {
    ...(version.subresources?.includes("status") ? { status: {} } : {}),
    ...(version.scale ? { scale: version.scale } : {}),
  };
  return {
    name: version.version,
    served: served?.includes(version.version) ?? true,
    storage: version.version === storage,
    ...(version.deprecated === false ? {} : { deprecated: true }),
    ...(typeof version.deprecated === "string" ? { deprecationWarning: version.deprecated } : {}),
    schema: { openAPIV3Schema: structuredClone(version.schema) },
    ...(Object.keys(subresources).length > 0 ? { subresources } : {}),
    ...(version.columns.length > 0 ? { additionalPrinterColumns: [...version.columns] } : {}),
    ...(version.selectableFields.length > 0
      ? { selectableFields: version.selectableFields.map((jsonPath) => ({ jsonPath })) }
      : {}),
  };
}
