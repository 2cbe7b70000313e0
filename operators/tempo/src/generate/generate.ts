import { monolithicCertificates, stackCertificates } from "../certificates/component-certificates.ts";
import { bundleConfigMapName } from "../certificates/issue-certificates.ts";
import { type Objects, unknownApiServer } from "../resources/input.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { GenerateError, type Problem } from "./generate-error.ts";
import { objectsYaml } from "./objects-yaml.ts";
import { type Given, type Input, readDocuments } from "./read-documents.ts";
import { type Resolved, resolveGiven } from "./resolve-given.ts";
import { type StorageOverrides, storageOfInput } from "./storage-of-input.ts";
import { tenantsOfInput } from "./tenants-of-input.ts";

export interface GenerateOptions {
  /**
   * YAML with TempoStack and TempoMonolithic resources; Secrets and ConfigMaps beside them are looked up as in a cluster.
   */
  readonly text: string;
  readonly settings: OperatorSettings;
  readonly storage?: StorageOverrides;
  /** Of resources that name none. Default `default`. */
  readonly namespace?: string;
  /** For cookie secrets of mode openshift; `randomInt` of node:crypto. */
  readonly randomBelow: (limit: number) => number;
}

export interface Generated {
  /** All objects, as documents in the order in which they are applied. */
  readonly yaml: string;
  /** What to know about them. */
  readonly warnings: readonly string[];
}

/**
 * The objects that resources come to, without a cluster. Certificates are not among them: keys have no place in a file
 * that is passed around.
 *
 * @throws GenerateError with everything that is wrong with the input, by document and field
 */
export function generate(options: GenerateOptions): Generated {
  const input = readDocuments(options.text, options.namespace ?? "default");
  const outcomes = input.resources.map((given) => ({ given, ...outcomeOf(given, input, options) }));
  const problems = outcomes.flatMap((outcome) => outcome.problems);
  if (problems.length > 0) throw new GenerateError(problems);
  return {
    yaml: outcomes.map(({ given, objects }) => objectsYaml(objects, given.namespace)).join(""),
    warnings: [...input.warnings, ...outcomes.flatMap(({ warnings }) => warnings)],
  };
}

interface Outcome {
  readonly objects: Objects;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

function outcomeOf(given: Given, input: Input, { settings, storage = {}, randomBelow }: GenerateOptions): Outcome {
  const { where, name, namespace } = given;
  const resolved = resolveGiven(
    given,
    (request) => storageOfInput(request, namespace, input, storage, settings),
    settings,
  );
  const { verdict, tenants } = resolved;
  const problems = [
    ...verdict.errors.map(({ field, message = "" }) => ({ where, ...(field ? { field } : {}), message })),
    ...(tenants?.mode === "openshift" && !settings.baseDomain ? [noBaseDomain(where)] : []),
  ];
  const warnings = [...resolved.warnings, ...verdict.warnings];
  if (problems.length > 0) return { objects: [], problems, warnings };
  const known = tenants && tenantsOfInput(tenants, given, input, randomBelow);
  const { baseDomain } = settings;
  const objects = resolved.objects({
    name,
    namespace,
    settings,
    tenants: known?.tenants ?? new Map(),
    apiServer: unknownApiServer,
    ...(baseDomain ? { baseDomain } : {}),
  });
  const all = [...warnings, ...(known?.warnings ?? []), ...aboutCertificates(given, resolved, settings)];
  return { objects, problems, warnings: all.map((text) => `${where}: ${text}`) };
}

const noBaseDomain = (where: string): Problem => ({
  where,
  message: "mode openshift needs the base domain of Routes: set variable OPENSHIFT_BASE_DOMAIN",
});

function aboutCertificates(given: Given, { isMutual }: Resolved, { gates }: OperatorSettings) {
  if (!isMutual || !(gates.httpEncryption || gates.grpcEncryption)) return [];
  const { name, namespace } = given;
  const [first] = ("stack" in given ? stackCertificates : monolithicCertificates)(name, namespace);
  return [
    `certificates are left out: in a cluster the operator makes ConfigMap ${bundleConfigMapName(name)} and Secrets such as ` +
      `${first!.secretName}; without it make them, or do without: FEATURE_GATES=-httpEncryption,-grpcEncryption`,
  ];
}
