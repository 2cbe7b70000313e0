import { z } from "zod";
import { tls } from "./tls.ts";

export const storageTypes = ["azure", "gcs", "s3"] as const;
export type StorageType = (typeof storageTypes)[number];

export const credentialModes = ["static", "token", "token-cco"] as const;
export type CredentialMode = (typeof credentialModes)[number];

/** How pods prove who they are to the object store. */
export const credentialMode = () =>
  z
    .enum(credentialModes)
    .optional()
    .describe(
      "static: keys in the Secret; token: a short-lived token of the service account; token-cco: as token, arranged by OpenShift's cloud credential operator. Default: inferred from the keys of the Secret.",
    );

/** The object store of a TempoStack. */
export const objectStorage = () =>
  z.object({
    secret: z
      .object({
        name: z.string().min(1).describe("Name of a Secret of the same namespace, with bucket and credentials."),
        type: z.enum(storageTypes).describe("Which kind of object store it is for."),
        credentialMode: credentialMode(),
      })
      .describe("Where bucket and credentials are found."),
    tls: tls().optional().describe("TLS towards the endpoint; only for s3."),
  });
