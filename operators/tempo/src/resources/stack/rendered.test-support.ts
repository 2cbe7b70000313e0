import type { Container, Deployment, KubeObject, PodSpec, PodTemplateSpec } from "@homeostat/api";
import { isChild } from "@homeostat/runtime";
import type { TempoStackSpec } from "../../api/tempo-stack.ts";
import { stackInput } from "../input.test-support.ts";
import type { Objects, StackInput } from "../input.ts";
import { stackObjects } from "./stack.ts";

/** Objects as plain ones, to be asked for by kind and name. */
export interface Rendered {
  readonly all: readonly KubeObject[];
  /** `Kind/name` of each, in order. */
  readonly names: readonly string[];
  /** The object; throws where there is none. */
  of<T extends KubeObject>(kind: string, name: string): T;
  has(kind: string, name: string): boolean;
  /** Pod template of a component of the stack `simplest`. */
  template(component: string): PodTemplateSpec;
  pod(component: string): PodSpec;
  container(component: string, name?: string): Container;
}

export function rendered(objects: Objects): Rendered {
  const all = objects.map((one) => (isChild(one) ? one.object : one));
  const key = ({ kind, metadata }: KubeObject) => `${kind}/${metadata?.name}`;
  const of = <T extends KubeObject>(kind: string, name: string): T => {
    const found = all.find((one) => key(one) === `${kind}/${name}`);
    if (!found) throw new Error(`${kind}/${name} is not among ${all.map(key).join(", ")}`);
    return found as T;
  };
  const template = (component: string) => {
    const kind = component === "ingester" ? "StatefulSet" : "Deployment";
    return of<Deployment>(kind, `tempo-simplest-${component}`).spec!.template;
  };
  const pod = (component: string) => template(component).spec!;
  return {
    all,
    names: all.map(key),
    of,
    has: (kind, name) => all.some((one) => key(one) === `${kind}/${name}`),
    template,
    pod,
    container: (component, name = "tempo") => {
      const found = pod(component).containers.find((one) => one.name === name);
      if (!found) throw new Error(`${component} has no container ${name}`);
      return found;
    },
  };
}

export type StackCircumstances = NonNullable<Parameters<typeof stackInput>[1]>;

/** All objects of a stack `simplest` in namespace `shop`. */
export const stackOf = (spec: Partial<TempoStackSpec> = {}, circumstances: StackCircumstances = {}): Rendered =>
  renderedInput(stackInput(spec, circumstances));

export const renderedInput = (input: StackInput): Rendered => rendered(stackObjects(input));

/** Gates that leave everything in clear. */
export const inClear = { httpEncryption: false, grpcEncryption: false } as const;
