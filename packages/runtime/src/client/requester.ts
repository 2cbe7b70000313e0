import {
  apiVersionOf,
  type KubeObject,
  type Resource,
  resourcePath,
  type Stored,
  type Transport,
} from "@homeostat/api";
import type { Logger } from "../log.ts";
import { acceptOf, isMetadataOnly, partial } from "./metadata-of.ts";
import { type QueryValue, queryString } from "./query.ts";
import { errorOfResponse } from "./status-error.ts";
import { parseWarnings, type ServerWarning } from "./warnings.ts";

/** One request of the API, in JSON both ways. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** What is answered. Default `object`. */
  readonly answer?: "object" | "list";
  readonly signal?: AbortSignal | undefined;
  /** Where warnings about it are told. Default: the client's. */
  readonly log?: Logger | undefined;
}

export interface Requester {
  /** @throws ApiError where the server refuses */
  send<R>(request: ApiRequest): Promise<R>;
}

export interface RequesterOptions {
  readonly transport: Transport;
  readonly userAgent: string;
  readonly onWarning: (warning: ServerWarning) => void;
}

export function createRequester({ transport, userAgent, onWarning }: RequesterOptions): Requester {
  return {
    async send<R>(request: ApiRequest): Promise<R> {
      const { method, signal, body, log } = request;
      const path = pathOf(request) + queryString(request.query ?? {});
      const response = await transport({
        method,
        path,
        headers: {
          accept: acceptOf(request.resource, request.answer),
          "user-agent": userAgent,
          ...(body === undefined ? {} : { "content-type": request.contentType ?? "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      });
      const bytes = await response.bytes();
      const warning = response.headers["warning"];
      if (warning !== undefined)
        for (const text of parseWarnings(warning)) onWarning({ text, method, path, ...(log ? { log } : {}) });
      if (response.status < 200 || response.status > 299) throw errorOfResponse(response, bytes, `${method} ${path}`);
      return parse(bytes, `${method} ${path}`) as R;
    },
  };
}

/** @throws where a namespaced object has no namespace: the server would answer 404 about a path nobody wrote */
function pathOf({ resource, namespace, name, subresource }: ApiRequest): string {
  if (name !== undefined && name === "") throw new Error(`${resource.kind}: metadata.name is empty`);
  if (name !== undefined && resource.scope === "Namespaced" && !namespace) {
    throw new Error(
      `${resource.kind} ${JSON.stringify(name)}: metadata.namespace is missing; ${resource.plural} are namespaced`,
    );
  }
  return resourcePath(resource, {
    ...(namespace ? { namespace } : {}),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  });
}

function parse(bytes: Uint8Array, action: string): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${action}: answer of the server is no JSON`, { cause: error });
  }
}

/** Objects within lists come without their kind; wherever an object is from, it has the same shape here. */
export function withKind<T extends KubeObject>(object: T, resource: Resource<T>): Stored<T> {
  if (isMetadataOnly(resource)) return partial(object, resource) as Stored<T>;
  if (object.kind !== undefined && object.apiVersion !== undefined) return object as Stored<T>;
  return { kind: resource.kind, apiVersion: apiVersionOf(resource), ...object } as unknown as Stored<T>;
}
