import { z } from "zod";
import { tls } from "../tls.ts";

const receiver = (protocol: string) =>
  z
    .object({ enabled: z.boolean().default(true), tls: tls().optional() })
    .optional()
    .describe(`OTLP over ${protocol}. Default: on.`);

/** What traces are taken from. */
export const ingestion = () =>
  z.object({ otlp: z.object({ grpc: receiver("gRPC"), http: receiver("HTTP") }).optional() });
