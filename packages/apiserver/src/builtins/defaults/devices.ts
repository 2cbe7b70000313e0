import type { JsonObject } from "@homeostat/api";
import { setDefault, setDefaultOverZero, struct, structs, text } from "../json-fields.ts";

/** A claim of devices, or the spec of one in a template. Source: resource.k8s.io/v1 `SetDefaults_ExactDeviceRequest`. */
export function defaultDeviceClaim(claim: JsonObject): void {
  for (const request of structs(struct(struct(claim, "spec"), "devices"), "requests")) {
    const exactly = struct(request, "exactly");
    if (exactly) defaultDeviceRequest(exactly);
    for (const alternative of structs(request, "firstAvailable")) defaultDeviceRequest(alternative);
  }
}

function defaultDeviceRequest(request: JsonObject): void {
  setDefault(request, "allocationMode", "ExactCount");
  if (text(request, "allocationMode") === "ExactCount") setDefaultOverZero(request, "count", 1);
  for (const toleration of structs(request, "tolerations")) setDefault(toleration, "operator", "Equal");
}
