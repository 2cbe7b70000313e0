import { z } from "zod";

/** TLS towards a storage endpoint, or of receivers. */
export const tls = () =>
  z.object({
    enabled: z.boolean().optional().describe("Whether TLS is used."),
    caName: z
      .string()
      .optional()
      .describe(
        "Name of a ConfigMap with the CA certificate. For receivers it also makes client certificates mandatory.",
      ),
    certName: z.string().optional().describe("Name of a Secret with the keys tls.crt and tls.key."),
    minVersion: z.string().optional().describe("Lowest accepted TLS version. Default: by the operator's TLS profile."),
    cipherSuites: z
      .array(z.string())
      .optional()
      .describe("Accepted cipher suites by their IANA names. Default: by the operator's TLS profile."),
  });
