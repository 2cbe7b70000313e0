// What operators need, in the order in which they meet it.

export {
  type AdmissionAnswer,
  type AdmissionContext,
  type AdmissionEnvironment,
  type AdmissionHandlerOptions,
  type AdmissionOperation,
  type AdmissionSettings,
  type AdmissionWebhook,
  admissionHandler,
  allowed,
  denied,
  errored,
  mutatePath,
  patched,
  patchedTo,
  validatePath,
} from "./admission.ts";
export {
  type Authenticate,
  type Authenticated,
  type AuthenticationWebhook,
  authentication,
  type TokenContext,
} from "./authentication.ts";
export type { InjectionTargets } from "./ca-injection.ts";
export { type CertificateFilesOptions, certificateFiles } from "./certificate-files.ts";
export { type CertificateSource, fixedCertificate } from "./certificate-source.ts";
export { chain } from "./chain.ts";
export { type Conversion, ConversionError, conversion, type Spoke } from "./conversion.ts";
export { type DefaultFunction, type DefaultingWebhook, defaulting } from "./defaulting.ts";
export {
  certificatePolicyRules,
  type WebhookManifestOptions,
  type WebhookManifests,
  type WebhookService,
  webhookManifests,
  withConversion,
} from "./manifests.ts";
export { type SelfManagedCertificatesOptions, selfManagedCertificates } from "./self-managed-certificates.ts";
export { type Findings, type ValidatingWebhook, type ValidationRules, validating } from "./validating.ts";
export { createWebhookServer, type Webhook, type WebhookServer, type WebhookServerOptions } from "./webhook-server.ts";

// What library authors may need: the parts that the above is made of.

export { conversionPath } from "./conversion-review.ts";
export type { WebhookHandler, WebhookReply, WebhookRequest } from "./http-handler.ts";
export { applyJsonPatch, createJsonPatch } from "./json-patch.ts";
export { listenTls, type TlsListener, type TlsListenerOptions, type TlsSettings } from "./tls-listener.ts";
