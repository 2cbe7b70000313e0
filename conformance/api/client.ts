import type { JsonObject, Transport } from "@homeostat/api";
import { type Watching, watchLines } from "./watching.ts";

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON; fails the test when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind
  readonly body: any;
}

export type Headers = Readonly<Record<string, string>>;

/** Requests as people write them. A body that is no text or bytes is sent as JSON. */
export interface Api {
  send(method: string, path: string, body?: unknown, headers?: Headers): Promise<Answer>;
  get(path: string, headers?: Headers): Promise<Answer>;
  post(path: string, body: unknown, headers?: Headers): Promise<Answer>;
  put(path: string, body: unknown, headers?: Headers): Promise<Answer>;
  patch(path: string, body: unknown, type?: PatchName, headers?: Headers): Promise<Answer>;
  delete(path: string, body?: unknown, headers?: Headers): Promise<Answer>;
  /** Server-side apply. */
  apply(path: string, body: JsonObject, manager: string, query?: string): Promise<Answer>;
  /** Creates and returns the object; fails the test with the server's answer when it is refused. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  make(path: string, body: JsonObject): Promise<any>;
  watch(path: string, headers?: Headers): Watching;
}

const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;
export type PatchName = keyof typeof patchTypes;

const text = new TextDecoder();

export function apiOf(transport: Transport): Api {
  const send: Api["send"] = async (method, path, body, headers = {}) => {
    const bytes =
      body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
    const response = await transport({
      method,
      path,
      headers: { ...(bytes === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(bytes === undefined ? {} : { body: bytes }),
    });
    const read = text.decode(await response.bytes());
    return {
      status: response.status,
      headers: response.headers,
      text: read,
      get body() {
        return JSON.parse(read) as unknown;
      },
    };
  };
  const api: Api = {
    send,
    get: (path, headers) => send("GET", path, undefined, headers),
    post: (path, body, headers) => send("POST", path, body, headers),
    put: (path, body, headers) => send("PUT", path, body, headers),
    patch: (path, body, type = "merge", headers) =>
      send("PATCH", path, body, { "content-type": patchTypes[type], ...headers }),
    delete: (path, body, headers) => send("DELETE", path, body, headers),
    apply: (path, body, manager, query = "") =>
      api.patch(`${path}${path.includes("?") ? "&" : "?"}fieldManager=${manager}${query}`, body, "apply"),
    async make(path, body) {
      const answer = await api.post(path, body);
      if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
      return answer.body;
    },
    watch: (path, headers) => watchLines(transport, path, headers),
  };
  return api;
}
