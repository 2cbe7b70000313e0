const ofReady = (field: string): string => `.status.conditions[?(@.type=="Ready")].${field}`;

/** Why an instance is ready or not, for `kubectl get -o wide`. */
export const whyColumns = [
  { name: "Reason", type: "string", jsonPath: ofReady("reason"), priority: 1 },
  { name: "Message", type: "string", jsonPath: ofReady("message"), priority: 1 },
] as const;
