import { quantity } from "@homeostat/api";
import { z } from "zod";
import { credentialMode } from "../object-storage.ts";
import { tls } from "../tls.ts";

export const backends = ["memory", "pv", "azure", "gcs", "s3"] as const;
export type Backend = (typeof backends)[number];

const secret = () => z.string().min(1).describe("Name of a Secret of the same namespace, with bucket and credentials.");

export const monolithicStorage = () =>
  z.object({
    traces: z
      .object({
        backend: z.enum(backends).default("memory").describe("Where traces are kept."),
        size: quantity()
          .optional()
          .describe(
            "Size of the volume: a tmpfs for memory (default 2Gi), else a PersistentVolumeClaim (default 10Gi).",
          ),
        storageClassName: z.string().optional().describe("Class of the PersistentVolumeClaim. Default: the cluster's."),
        s3: z.object({ secret: secret(), tls: tls().optional(), credentialMode: credentialMode() }).optional(),
        azure: z.object({ secret: secret() }).optional(),
        gcs: z.object({ secret: secret() }).optional(),
      })
      .optional(),
  });
