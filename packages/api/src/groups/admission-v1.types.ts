// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { JsonObject } from "../object.ts";
import type { Status } from "../status.ts";
import type { UserInfo } from "./authentication-v1.types.ts";
import type { GroupVersionKind, GroupVersionResource } from "./meta-v1.types.ts";

export interface AdmissionRequest {
  readonly uid?: string;
  readonly kind?: GroupVersionKind;
  readonly resource?: GroupVersionResource;
  readonly subResource?: string;
  readonly requestKind?: GroupVersionKind;
  readonly requestResource?: GroupVersionResource;
  readonly requestSubResource?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly operation?: string;
  readonly userInfo?: UserInfo;
  readonly object?: JsonObject;
  readonly oldObject?: JsonObject;
  readonly dryRun?: boolean;
  readonly options?: JsonObject;
}

export interface AdmissionResponse {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: Status;
  readonly patch?: string;
  readonly patchType?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
}

export interface AdmissionReview {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly request?: AdmissionRequest;
  readonly response?: AdmissionResponse;
}
