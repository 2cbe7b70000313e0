import type { KubeObject, Stored } from "@homeostat/api";

/** Writes Kubernetes Events: what people see under `kubectl describe` and `kubectl events`. */
export interface Recorder {
  /** @throws never: what cannot be sent is dropped and counted */
  event(regarding: Stored<KubeObject>, event: RecordedEvent): void;
  /** A recorder bound to one object. */
  for(regarding: Stored<KubeObject>): ObjectRecorder;
  /** Sends what is still to be sent, for at most `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

/** What happened to an object. Source: events.k8s.io/v1. */
export interface RecordedEvent {
  readonly type: "Normal" | "Warning";
  /** Short, in CamelCase: why. */
  readonly reason: string;
  /** A sentence for people; at most 1024 bytes, longer ones are cut. */
  readonly message: string;
  /** What was done, in CamelCase. Default: the reason. */
  readonly action?: string;
  readonly related?: Stored<KubeObject>;
  /** Which part of the object it is about, as `spec.containers{app}`. Default: the whole. */
  readonly fieldPath?: string;
}

/** Events about one object. Neither call waits or throws. */
export interface ObjectRecorder {
  normal(reason: string, message: string, details?: EventDetails): void;
  warning(reason: string, message: string, details?: EventDetails): void;
}

/** What an event may say besides. */
export type EventDetails = Pick<RecordedEvent, "action" | "related" | "fieldPath">;
