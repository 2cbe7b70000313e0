import type { JsonObject, StatusCause } from "@homeostat/api";
import { dns1035Label, dns1123Subdomain, fieldError } from "@homeostat/api";
import { validateClientConfig } from "../builtins/validation/admission.ts";
import { caBundleProblem } from "./ca-bundle.ts";
import type { compileRules } from "./cel/rules.ts";
import { hasCondition } from "./crd-defaults.ts";
import { columnProblems, scaleProblemsOf, selectableFieldProblems } from "./crd-version-validation.ts";
import { defaultProblems } from "./default-problems.ts";
import type { CustomResourceDefinition, DefinitionNames } from "./definition.ts";
import { definitionOf, objectAt } from "./definition.ts";
import { isJsonObject, ownField } from "./json-schema-props.ts";
import { structuralProblems } from "./structural-problems.ts";
import { compileStructural } from "./structural-schema.ts";

export const approvalAnnotation = "api-approved.kubernetes.io";

/**
 * What keeps a CustomResourceDefinition from being accepted, with upstream's paths. Defaults (`defaultDefinition`)
 * come first. Source: apiextensions, apis/apiextensions/validation.
 *
 * @param old the stored definition on an update: group, plural, scope and kind must stay, stored versions must be kept
 */
export async function definitionProblems(crd: JsonObject, old?: JsonObject): Promise<StatusCause[]> {
  const definition = definitionOf(crd);
  const compile = await ruleCompiler(crd);
  const checks: readonly ((out: StatusCause[]) => void)[] = [
    (out) => checkIdentity(definition, out),
    (out) => checkNames(definition.spec.names, out),
    (out) => checkVersions(definition, old, compile, out),
    (out) => checkConversion(crd, definition, out),
    (out) => checkBundle(crd, old, out),
    (out) => checkApproval(definition, old, out),
    (out) => checkStoredVersions(definition, old !== undefined, out),
    (out) => old && checkUnchanged(definition, old, out),
  ];
  const out: StatusCause[] = [];
  for (const check of checks) check(out);
  return out;
}

/** Rules are compiled by what takes long to load; so a definition without any does without it. */
async function ruleCompiler(crd: JsonObject): Promise<typeof compileRules | undefined> {
  if (!JSON.stringify(crd).includes('"x-kubernetes-validations"')) return undefined;
  return (await import("./cel/rules.ts")).compileRules;
}

/** Findings for a write through the status subresource. */
export function definitionStatusProblems(crd: JsonObject): StatusCause[] {
  const out: StatusCause[] = [];
  checkStoredVersions(definitionOf(crd), true, out);
  return out;
}

function checkIdentity({ name, spec }: CustomResourceDefinition, out: StatusCause[]): void {
  if (name !== `${spec.names.plural}.${spec.group}`) {
    out.push(fieldError.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group'));
  }
  if (spec.group === "") out.push(fieldError.required("spec.group"));
  else {
    const problem =
      dns1123Subdomain(spec.group)[0] ??
      (spec.group.includes(".") ? undefined : "should be a domain with at least one dot");
    if (problem) out.push(fieldError.invalid("spec.group", spec.group, problem));
  }
  if (spec.scope === "") out.push(fieldError.required("spec.scope"));
  else if (spec.scope !== "Cluster" && spec.scope !== "Namespaced") {
    out.push(fieldError.notSupported("spec.scope", spec.scope, ["Cluster", "Namespaced"]));
  }
}

function checkNames(names: DefinitionNames, out: StatusCause[]): void {
  const check = (path: string, name: string, isLowerCase: boolean): void => {
    if (name === "") {
      out.push(fieldError.required(path));
      return;
    }
    const problem = dns1035Label(isLowerCase ? name : name.toLowerCase())[0];
    if (!problem) return;
    const detail = isLowerCase ? problem : `may have mixed case, but should otherwise match: ${problem}`;
    out.push(fieldError.invalid(path, name, detail));
  };
  check("spec.names.plural", names.plural, true);
  check("spec.names.singular", names.singular, true);
  check("spec.names.kind", names.kind, false);
  check("spec.names.listKind", names.listKind, false);
  names.shortNames.forEach((name, index) => void check(`spec.names.shortNames[${index}]`, name, true));
  names.categories.forEach((name, index) => void check(`spec.names.categories[${index}]`, name, true));
  if (names.kind !== "" && names.kind === names.listKind) {
    out.push(fieldError.invalid("spec.names.listKind", names.listKind, "kind and listKind may not be the same"));
  }
}

function checkVersions(
  definition: CustomResourceDefinition,
  old: JsonObject | undefined,
  compile: typeof compileRules | undefined,
  out: StatusCause[],
): void {
  const { versions, preserveUnknownFields } = definition.spec;
  const names = versions.map((version) => version.name);
  if (versions.length === 0) out.push(fieldError.required("spec.versions", "must have at least one version"));
  if (new Set(names).size < names.length) {
    out.push(fieldError.invalid("spec.versions", names, "must contain unique version names"));
  }
  if (versions.length > 0 && versions.filter((version) => version.storage).length !== 1) {
    out.push(fieldError.invalid("spec.versions", names, "must have exactly one version marked as storage version"));
  }
  if (preserveUnknownFields && !(old && definitionOf(old).spec.preserveUnknownFields)) {
    out.push(
      fieldError.invalid(
        "spec.preserveUnknownFields",
        true,
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
      ),
    );
  }
  versions.forEach((version, index) => {
    const path = `spec.versions[${index}]`;
    const problem = dns1035Label(version.name)[0];
    if (problem) out.push(fieldError.invalid(`${path}.name`, version.name, problem));
    if (version.deprecationWarning !== undefined && !version.deprecated) {
      out.push(
        fieldError.invalid(
          `${path}.deprecationWarning`,
          version.deprecationWarning,
          "can only be set for deprecated versions",
        ),
      );
    }
    checkSchema(version.source, path, preserveUnknownFields, compile, out);
    out.push(...columnProblems(version.source, path), ...scaleProblemsOf(version.source, path));
  });
}

function checkSchema(
  version: JsonObject,
  path: string,
  isLegacy: boolean,
  compile: typeof compileRules | undefined,
  out: StatusCause[],
): void {
  const schemaPath = `${path}.schema.openAPIV3Schema`;
  const schema = ownField(objectAt(version, "schema"), "openAPIV3Schema");
  if (schema === undefined || schema === null) {
    if (!isLegacy) out.push(fieldError.required(schemaPath, "schemas are required"));
    return;
  }
  const problems = structuralProblems(schema, schemaPath);
  out.push(...problems);
  // Defaults, rules and paths into a schema mean nothing until the schema is structural.
  if (problems.length > 0) return;
  const structural = compileStructural(schema);
  out.push(...defaultProblems(structural, schemaPath));
  if (structural.hasRules && compile) out.push(...compile(structural, schemaPath).problems);
  out.push(...selectableFieldProblems(version, structural, path));
}

function checkConversion(crd: JsonObject, { spec }: CustomResourceDefinition, out: StatusCause[]): void {
  const conversion = objectAt(objectAt(crd, "spec"), "conversion");
  if (spec.conversionStrategy === "") {
    out.push(fieldError.required("spec.conversion.strategy"));
  } else if (spec.conversionStrategy === "Webhook") {
    const webhook = objectAt(conversion, "webhook");
    const client = ownField(webhook, "clientConfig");
    const clientPath = "spec.conversion.webhook.clientConfig";
    if (!isJsonObject(client)) out.push(fieldError.required(clientPath));
    else out.push(...validateClientConfig(client, clientPath));
    const reviews = ownField(webhook, "conversionReviewVersions");
    const reviewsPath = "spec.conversion.webhook.conversionReviewVersions";
    if (!Array.isArray(reviews) || reviews.length === 0) out.push(fieldError.required(reviewsPath));
    else if (!reviews.some((version) => version === "v1" || version === "v1beta1")) {
      out.push(fieldError.invalid(reviewsPath, reviews, "must include at least one of v1, v1beta1"));
    }
  } else if (spec.conversionStrategy !== "None") {
    out.push(fieldError.notSupported("spec.conversion.strategy", spec.conversionStrategy, ["None", "Webhook"]));
  } else if (ownField(conversion, "webhook")) {
    out.push(
      fieldError.forbidden("spec.conversion.webhook", 'should not be set when strategy is not set to "Webhook"'),
    );
  }
}

/** A broken bundle may come with a new definition, to be replaced soon; it may not take the place of a good one. */
function checkBundle(crd: JsonObject, old: JsonObject | undefined, out: StatusCause[]): void {
  if (!old || caBundleProblem(old)) return;
  const problem = caBundleProblem(crd);
  if (problem) out.push(problem);
}

/** Groups that belong to the Kubernetes project itself. */
export function isProtectedGroup(group: string): boolean {
  return ["k8s.io", "kubernetes.io"].some((domain) => group === domain || group.endsWith(`.${domain}`));
}

/** The condition of a definition in a protected group; undefined for other groups. */
export function approvalCondition(
  crd: JsonObject,
): { status: "True" | "False"; reason: string; message: string } | undefined {
  const { spec, annotations } = definitionOf(crd);
  if (!isProtectedGroup(spec.group)) return undefined;
  const value = annotations[approvalAnnotation];
  if (typeof value === "string" && isUrl(value)) {
    return { status: "True", reason: "ApprovedAnnotation", message: `approved in ${value}` };
  }
  if (typeof value === "string" && value.startsWith("unapproved")) {
    const message = `not approved: ${JSON.stringify(value)}`;
    return { status: "False", reason: "UnapprovedAnnotation", message };
  }
  if (value === undefined || value === "") {
    const message = `protected groups must have approval annotation "${approvalAnnotation}"`;
    return { status: "False", reason: "MissingAnnotation", message };
  }
  const message = `protected groups must have approval annotation "${approvalAnnotation}" with either a URL or a reason starting with "unapproved"`;
  return { status: "False", reason: "InvalidAnnotation", message };
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && new URL(text).host !== "";
}

function checkApproval(
  { spec, annotations }: CustomResourceDefinition,
  old: JsonObject | undefined,
  out: StatusCause[],
): void {
  if (!isProtectedGroup(spec.group)) return;
  const value = annotations[approvalAnnotation];
  // A definition that was stored without approval may be updated without it.
  if (old && definitionOf(old).annotations[approvalAnnotation] === value) return;
  const path = `metadata.annotations[${approvalAnnotation}]`;
  if (value === undefined || value === "") {
    out.push(
      fieldError.required(
        path,
        `protected groups must have approval annotation "${approvalAnnotation}", see https://github.com/kubernetes/enhancements/pull/1111`,
      ),
    );
  } else if (typeof value !== "string" || (!isUrl(value) && !value.startsWith("unapproved"))) {
    out.push(fieldError.invalid(path, value, 'must be a URL or start with "unapproved"'));
  }
}

function checkStoredVersions({ spec, status }: CustomResourceDefinition, isUpdate: boolean, out: StatusCause[]): void {
  const names = new Set(spec.versions.map((version) => version.name));
  status.storedVersions.forEach((name, index) => {
    if (names.has(name)) return;
    const why = `missing from spec.versions; ${name} was once the storage version and must stay until no object is stored at it and it is removed from status.storedVersions`;
    out.push(fieldError.invalid(`status.storedVersions[${index}]`, name, why));
  });
  const storage = spec.versions.find((version) => version.storage)?.name;
  if (isUpdate && storage && status.storedVersions.length > 0 && !status.storedVersions.includes(storage)) {
    out.push(
      fieldError.invalid("status.storedVersions", status.storedVersions, `must have the storage version ${storage}`),
    );
  }
}

function checkUnchanged(definition: CustomResourceDefinition, oldObject: JsonObject, out: StatusCause[]): void {
  const old = definitionOf(oldObject);
  const check = (path: string, now: string, then: string): void => {
    if (now !== then) out.push(fieldError.invalid(path, now, "field is immutable"));
  };
  check("spec.group", definition.spec.group, old.spec.group);
  check("spec.names.plural", definition.spec.names.plural, old.spec.names.plural);
  // Until a definition is served nothing depends on these.
  if (!hasCondition(oldObject, "Established")) return;
  check("spec.scope", definition.spec.scope, old.spec.scope);
  check("spec.names.kind", definition.spec.names.kind, old.spec.names.kind);
}
