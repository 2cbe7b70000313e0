import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { type Json, type JsonObject, systemClock } from "@homeostat/api";
import { type CertificateAuthority, createCertificateAuthority } from "@homeostat/api/certificates";
import { Registry } from "prom-client";
import { fixedCertificate } from "./certificate-source.ts";
import { createWebhookServer, type Webhook, type WebhookServer, type WebhookServerOptions } from "./webhook-server.ts";

export interface Served {
  readonly server: WebhookServer;
  readonly authority: CertificateAuthority;
  readonly registry: Registry;
  /** Value of a metric; labels as Prometheus prints them. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number | undefined>;
  post(path: string, body: Json | Uint8Array, options?: PostOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export interface PostOptions {
  readonly contentType?: string | undefined;
  readonly ca?: string;
  readonly client?: { readonly certificate: string; readonly key: string };
}

export interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

/** A webhook server on loopback, over real TLS. */
export async function serve(
  webhooks: readonly Webhook[] = [],
  options: Partial<WebhookServerOptions> = {},
): Promise<Served> {
  const authority = createCertificateAuthority({ clock: systemClock });
  const registry = new Registry();
  const certificate = authority.issue({ commonName: "webhooks", usage: "server", hosts: ["127.0.0.1"] });
  const server = createWebhookServer({
    address: "127.0.0.1:0",
    certificates: fixedCertificate(certificate),
    registry,
    ...options,
  });
  server.add(...webhooks);
  const stopping = new AbortController();
  const running = server.run(stopping.signal);
  await Promise.race([server.ready(), running]);
  return {
    server,
    authority,
    registry,
    async metric(name, labels = {}) {
      const { values } = (await registry.getSingleMetric(name)!.get()) as {
        values: { value: number; labels: Record<string, unknown> }[];
      };
      return values.find((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))?.value;
    },
    post: (path, body, each = {}) =>
      post(`https://${server.address}${path}`, body, { ca: authority.certificate, ...each }),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Like the API server calls: a POST of JSON. */
export function post(url: string, body: Json | Uint8Array, options: PostOptions = {}): Promise<Answer> {
  const { ca, client } = options;
  const contentType = "contentType" in options ? options.contentType : "application/json";
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        method: "POST",
        agent: false,
        ...(ca ? { ca } : {}),
        ...(client ? { cert: client.certificate, key: client.key } : {}),
        headers: contentType === undefined ? {} : { "content-type": contentType },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const json = response.headers["content-type"] === "application/json";
          resolve({ status: response.statusCode!, body: json ? JSON.parse(text) : { text } });
        });
      },
    );
    call.on("error", reject);
    call.end(body instanceof Uint8Array ? body : JSON.stringify(body));
  });
}

/** A POST over HTTP/2, which ALPN has to bring about. */
export async function postHttp2(origin: string, path: string, body: Json, ca: string): Promise<Answer> {
  const session = connectHttp2(origin, { ca });
  try {
    return await new Promise((resolve, reject) => {
      session.on("error", reject);
      const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/json" });
      let status = 0;
      let text = "";
      stream.on("response", (headers) => (status = Number(headers[":status"])));
      stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      stream.on("end", () => resolve({ status, body: JSON.parse(text) }));
      stream.on("error", reject);
      stream.end(JSON.stringify(body));
    });
  } finally {
    session.close();
  }
}

/** What the API server sends. */
export const admissionReviewOf = (request: JsonObject, apiVersion = "admission.k8s.io/v1"): JsonObject => ({
  apiVersion,
  kind: "AdmissionReview",
  request: { uid: "uid-1", operation: "CREATE", ...request },
});

/** The patch of an answer. */
export function patchIn(answer: Answer): JsonObject[] | undefined {
  const { patch } = answer.body["response"] as { patch?: string };
  return patch === undefined ? undefined : JSON.parse(Buffer.from(patch, "base64").toString());
}
