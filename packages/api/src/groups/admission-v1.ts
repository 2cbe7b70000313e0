// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

export type * from "./admission-v1.types.ts";
