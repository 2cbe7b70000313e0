import { request } from "node:https";
import type { JsonObject } from "@homeostat/api";

/** Asks a webhook as an API server does: a POST over TLS, trusting one authority. @returns the review's `response` */
export function ask(url: string, ca: string, kind: string, apiVersion: string, body: JsonObject): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const call = request(url, { method: "POST", agent: false, ca, headers }, async (response) => {
      const review = JSON.parse((await response.toArray()).join("")) as { response: JsonObject };
      resolve(review.response);
    });
    call.on("error", reject).end(JSON.stringify({ apiVersion, kind, request: { uid: "1", ...body } }));
  });
}

export const admissionReview = ["AdmissionReview", "admission.k8s.io/v1"] as const;
export const conversionReview = ["ConversionReview", "apiextensions.k8s.io/v1"] as const;
