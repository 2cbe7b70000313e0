import { X509Certificate } from "node:crypto";
import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { objectAt, textAt } from "./definition.ts";

const path = "spec.conversion.webhook.clientConfig.caBundle";

/**
 * What is wrong with the caBundle of a conversion. Source: apiserver, util/webhook `ValidateCABundle`.
 *
 * A definition may be created with a broken one, which something is to replace soon: it is not established until then.
 */
export function caBundleProblem(definition: JsonObject): StatusCause | undefined {
  const webhook = objectAt(objectAt(objectAt(definition, "spec"), "conversion"), "webhook");
  const bundle = textAt(objectAt(webhook, "clientConfig"), "caBundle");
  if (bundle === "") return undefined;
  const pem = Buffer.from(bundle, "base64").toString();
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  const why =
    certificates.length === 0
      ? "data does not contain any valid RSA or ECDSA certificates"
      : certificates.map(certificateProblem).find((problem) => problem !== undefined);
  return why === undefined ? undefined : fieldError.invalid(path, bundle, `unable to load root certificates: ${why}`);
}

function certificateProblem(pem: string): string | undefined {
  try {
    new X509Certificate(pem);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
