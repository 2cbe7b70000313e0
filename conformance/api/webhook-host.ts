import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type JsonObject, systemClock } from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";

/** Answers the review sent to one path. @returns the `response`, without its uid, or the whole answer as it is */
// biome-ignore lint/suspicious/noExplicitAny: tests look into reviews of every kind
export type Answering = (request: any, review: any) => unknown;

/** A webhook server of a test: plain HTTPS on loopback, with a certificate of its own authority. */
export interface WebhookHost {
  readonly port: number;
  /** PEM in base64, as configurations hold it. */
  readonly caBundle: string;
  /** Requests of reviews in the order in which they came, by path. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  seen(path: string): any[];
  /** Path and query of every call. */
  readonly urls: readonly string[];
  /** How many connections were opened. */
  readonly connections: () => number;
  /** @returns the client configuration of a webhook at the path */
  on(path: string, answer: Answering): { readonly url: string; readonly caBundle: string };
  close(): Promise<void>;
}

/** An answer that is sent as it is. */
export class RawAnswer {
  readonly status: number;
  readonly text: string;
  constructor(status: number, text: string) {
    this.status = status;
    this.text = text;
  }
}

export async function openWebhookHost(hosts: readonly string[] = ["127.0.0.1"]): Promise<WebhookHost> {
  const authority = createCertificateAuthority({ clock: systemClock });
  const { certificate, key } = authority.issue({ commonName: "webhook", usage: "server", hosts });
  const handlers = new Map<string, Answering>();
  const seen = new Map<string, unknown[]>();
  const urls: string[] = [];
  let connections = 0;
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      urls.push(request.url!);
      const path = request.url!.split("?", 1)[0]!;
      const review = JSON.parse(Buffer.concat(chunks).toString());
      seen.set(path, [...(seen.get(path) ?? []), review.request]);
      const answer = await handlers.get(path)?.(review.request, review);
      if (answer instanceof RawAnswer) {
        response.writeHead(answer.status).end(answer.text);
        return;
      }
      if (answer === undefined) {
        response.writeHead(404).end("nothing here");
        return;
      }
      const { apiVersion, kind } = review;
      const full = { apiVersion, kind, response: { uid: review.request.uid, ...(answer as object) } };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(full));
    });
  });
  server.on("secureConnection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const caBundle = Buffer.from(authority.certificate).toString("base64");
  return {
    port,
    caBundle,
    urls,
    connections: () => connections,
    seen: (path) => (seen.get(path) ?? []) as never,
    on(path, answer) {
      handlers.set(path, answer);
      return { url: `https://127.0.0.1:${port}${path}`, caBundle };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A JSON patch as a webhook's answer carries it. */
export function patchAnswer(...operations: object[]): object {
  const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
  return { allowed: true, patchType: "JSONPatch", patch };
}

/** A rule for writes of ConfigMaps. */
export const configMapWrites = {
  operations: ["CREATE", "UPDATE"],
  apiGroups: [""],
  apiVersions: ["v1"],
  resources: ["configmaps"],
};

/** A webhook that sees what is in one namespace. */
export function webhook(name: string, namespace: string, clientConfig: object, more: object = {}): JsonObject {
  return {
    name,
    clientConfig,
    rules: [configMapWrites],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    ...more,
  } as JsonObject;
}

export const registration = "/apis/admissionregistration.k8s.io/v1";
