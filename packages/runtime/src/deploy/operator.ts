import type { CustomResourceDefinition, DefinedResource, KubeObject, PolicyRule, Resource } from "@homeostat/api";
import type { ControllerDefinition } from "../controller/definition.ts";
import type { Manager } from "../manager/manager.ts";

/** An operator as a value: what it brings and what it runs. A cluster in a test, a program and manifests take it. */
export interface Operator {
  /** In lower case with hyphens: names the program in metrics and events, and everything it is deployed with. */
  readonly name: string;
  /** Kinds it brings; their definitions (those made by `defineResource` have one) are installed with it. Default: none. */
  readonly resources?: readonly Resource[];
  // biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
  readonly controllers: readonly ControllerDefinition<any>[] | (() => readonly ControllerDefinition<any>[]);
  /** Called with the manager before it starts: for webhook servers, health checks and other runnables. */
  readonly setup?: (manager: Manager) => void | Promise<void>;
  /** Let all replicas work, each on its share of the keys, in place of one that leads. Default false. */
  readonly sharding?: boolean;
  /** Permissions beyond what its controllers declare: for what `setup` adds. */
  readonly rules?: readonly PolicyRule[];
  /** Permissions in the namespace it runs in: to keep the Secret of its webhook certificates, say. */
  readonly ownRules?: readonly PolicyRule[];
  /** Further objects to deploy, by file name: webhook configurations, Services, samples. */
  readonly manifests?: (where: { readonly namespace: string }) => Readonly<Record<string, readonly KubeObject[]>>;
}

/** The controllers of an operator, whichever way it gives them. */
// biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
export function controllersOf({ controllers }: Operator): readonly ControllerDefinition<any>[] {
  return typeof controllers === "function" ? controllers() : controllers;
}

/** The definitions of the kinds an operator brings. Built-in kinds have none. */
export function definitionsOf({ resources = [] }: Operator): readonly CustomResourceDefinition[] {
  return resources.flatMap((resource) => ("crd" in resource ? [(resource as DefinedResource).crd()] : []));
}
