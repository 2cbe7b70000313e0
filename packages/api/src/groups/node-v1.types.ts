// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { KubeList, KubeObject } from "../object.ts";
import type { Toleration } from "./core-v1.types.ts";

export interface Overhead {
  readonly podFixed?: Readonly<Record<string, string | number>>;
}

export interface RuntimeClass extends KubeObject {
  readonly handler: string;
  readonly overhead?: Overhead;
  readonly scheduling?: Scheduling;
}

export interface Scheduling {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
}

export type RuntimeClassList = KubeList<RuntimeClass>;
