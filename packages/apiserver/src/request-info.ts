/** What a request is about, as authorization, admission and the endpoints see it. Source: apiserver `RequestInfo`. */
export type RequestInfo = ResourceRequest | NonResourceRequest;

export interface ResourceRequest {
  readonly isResource: true;
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";
  readonly group: string;
  readonly version: string;
  /** Plural, in lower case. */
  readonly resource: string;
  readonly subresource: string | undefined;
  /** Whatever follows the subresource, for proxies. */
  readonly rest: string | undefined;
  readonly namespace: string | undefined;
  /** Of a list or watch, the name its field selector demands. */
  readonly name: string | undefined;
  /** Whether the URL itself names the object (a list by `metadata.name` does not). */
  readonly named: boolean;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface NonResourceRequest {
  readonly isResource: false;
  /** The HTTP method in lower case. */
  readonly verb: string;
  readonly path: string;
  readonly query: URLSearchParams;
}
