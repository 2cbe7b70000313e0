import type { JsonObject, Resource, StatusCause } from "@homeostat/api";
import type { RegistrationCheck } from "../admission/registration-problems.ts";
import { toAutoscalerV1, toAutoscalerV2 } from "../builtins/autoscaler-versions.ts";
import { applyBuiltinDefaults } from "../builtins/defaults/defaults.ts";
import { newEventFieldNames, newEventFields, toCoreEvent, toNewEvent } from "../builtins/events.ts";
import { builtinStrategy } from "../builtins/strategies/strategies.ts";
import { defaultDefinition, initialDefinitionStatus, storedVersionsOf } from "../custom-resources/crd-defaults.ts";
import {
  type BuiltinResource,
  builtinSchemaType,
  decodeBuiltin,
  loadBuiltinResources,
} from "../schema/index-builtin.ts";
import type { ObjectSchema } from "../schema/object-schema.ts";
import { builtinColumns } from "../tables/builtin-columns.ts";
import type { Allocator, ServedResource, ServedSubresource, Strategy, Verb } from "./served-resource.ts";

export interface BuiltinOptions {
  /** Hands out cluster IPs and node ports. */
  readonly serviceAllocator: Allocator;
}

/** All built-in resources as this server serves them: facts from the tables, rules from `builtins/`. */
export function builtinResources(options: BuiltinOptions): ServedResource[] {
  const check = registrationCheck();
  return loadBuiltinResources().map((facts) => served(facts, options, check));
}

function served(facts: BuiltinResource, options: BuiltinOptions, check: LoadedCheck): ServedResource {
  const { group, version, kind } = facts;
  const resource: Resource = {
    group,
    version,
    kind,
    plural: facts.plural,
    singular: facts.singular,
    listKind: facts.listKind,
    scope: facts.namespaced ? "Namespaced" : "Cluster",
    shortNames: facts.shortNames,
    categories: facts.categories,
    subresources: facts.subresources.map(({ name }) => name),
  };
  const isNewEvent = group === "events.k8s.io" && kind === "Event";
  const isDefinition = group === "apiextensions.k8s.io";
  const plainStrategy = builtinStrategy(group, kind, options);
  const strategy =
    group === "admissionregistration.k8s.io" ? registrationStrategy(plainStrategy, kind, check) : plainStrategy;
  return {
    resource,
    verbs: facts.verbs as Verb[],
    subresources: new Map(facts.subresources.map((subresource) => [subresource.name, servedSubresource(subresource)])),
    schema: schemaOf(facts),
    strategy: isNewEvent ? newEventStrategy(strategy) : isDefinition ? definitionStrategy(strategy) : strategy,
    columns: builtinColumns(group, kind),
    storageVersion: isNewEvent ? "v1" : (otherStorageVersion[`${group}/${kind}`] ?? version),
    ...(isNewEvent ? { storedAs: { group: "", version: "v1", plural: "events" } } : {}),
    custom: false,
    convert: async (object) => convertBuiltin(group, version, kind, object),
  };
}

/** Kinds served at more than one version are stored at this one. */
const otherStorageVersion: Readonly<Record<string, string>> = { "autoscaling/HorizontalPodAutoscaler": "v2" };

function servedSubresource(facts: BuiltinResource["subresources"][number]): ServedSubresource {
  return {
    name: facts.name,
    verbs: facts.verbs as Verb[],
    kind: { group: facts.group, version: facts.version, kind: facts.kind },
  };
}

function schemaOf(facts: BuiltinResource): ObjectSchema {
  return {
    get type() {
      return builtinSchemaType(facts);
    },
    decode: (object) => decodeBuiltin(facts.definition, object),
    default: (object) => {
      applyBuiltinDefaults(facts, object);
      if (facts.group === "apiextensions.k8s.io") defaultDefinition(object);
    },
    // What a built-in kind demands beyond its types is its strategy's business.
    validate: () => [],
  };
}

/** CustomResourceDefinitions: what `custom-resources/` knows of them, on top of what all built-in kinds have. */
function definitionStrategy(strategy: Strategy): Strategy {
  const status = (object: JsonObject): JsonObject => {
    const value = object["status"];
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
    const fresh: JsonObject = {};
    object["status"] = fresh;
    return fresh;
  };
  return {
    ...strategy,
    prepareForCreate(object, context) {
      strategy.prepareForCreate?.(object, context);
      object["status"] = initialDefinitionStatus(object);
    },
    prepareForUpdate(object, old, context) {
      strategy.prepareForUpdate?.(object, old, context);
      if (context.subresource === undefined) status(object)["storedVersions"] = storedVersionsOf(object);
    },
    async validateLate(object, old, context) {
      const { definitionProblems, definitionStatusProblems } = await import("../custom-resources/crd-validation.ts");
      return context.subresource === "status" ? definitionStatusProblems(object) : definitionProblems(object, old);
    },
  };
}

type LoadedCheck = (...what: Parameters<RegistrationCheck>) => Promise<StatusCause[]>;

/** The evaluator of expressions takes long to load, and most servers never meet a registration. */
function registrationCheck(): LoadedCheck {
  let made: Promise<RegistrationCheck> | undefined;
  return async (...what) => {
    made ??= import("../admission/registration-problems.ts").then((module) => module.createRegistrationCheck());
    return (await made)(...what);
  };
}

/** Webhook configurations and policies: their expressions must compile. */
function registrationStrategy(strategy: Strategy, kind: string, check: LoadedCheck): Strategy {
  return {
    ...strategy,
    validateLate: async (object, old, context) => (context.subresource === undefined ? check(kind, object, old) : []),
  };
}

function newEventStrategy(strategy: Strategy): Strategy {
  return { ...strategy, fields: newEventFields, fieldNames: newEventFieldNames };
}

/** Kinds with two versions or groups are the exception; each of them says how it gets from one to the other. */
function convertBuiltin(group: string, version: string, kind: string, object: JsonObject): JsonObject {
  if (kind === "Event") {
    if (group === "events.k8s.io") return object["apiVersion"] === "v1" ? toNewEvent(object) : object;
    return object["apiVersion"] === "v1" ? object : toCoreEvent(object);
  }
  if (kind === "HorizontalPodAutoscaler" && object["apiVersion"] !== `autoscaling/${version}`) {
    return version === "v1" ? toAutoscalerV1(object) : toAutoscalerV2(object);
  }
  return { ...object, apiVersion: group ? `${group}/${version}` : version };
}
