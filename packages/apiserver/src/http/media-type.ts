import { notAcceptable, unsupportedMediaType } from "@homeostat/api";

export interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A form other than the object itself in which an endpoint can answer. Source: KEP-2332, API concepts. */
export interface Transform {
  readonly kind: "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  readonly version: "v1" | "v1beta1";
}

/** How to answer. */
export interface Negotiated {
  readonly format: "json" | "yaml" | "cbor";
  readonly as: Transform | undefined;
  /** Whether JSON is indented for a human reader. */
  readonly pretty: boolean;
}

export const json = "application/json";
export const yaml = "application/yaml";
export const protobuf = "application/vnd.kubernetes.protobuf";
export const cbor = "application/cbor";
/** A sequence of items (RFC 8742): how watches are streamed in CBOR. */
export const cborSequence = "application/cbor-seq";

/** Splits an Accept header into its ranges, best first: by q value, then in the order given. Those with q=0 are left out. */
export function parseAccept(accept: string): MediaRange[] {
  return accept
    .split(",")
    .map(parseMediaRange)
    .filter((range): range is MediaRange => range !== undefined)
    .map((range) => ({ range, q: Number(range.parameters["q"] ?? 1) }))
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q)
    .map(({ range }) => range);
}

/** Undefined when it is none. */
export function parseMediaRange(text: string): MediaRange | undefined {
  const [name = "", ...parameters] = text.split(";").map((part) => part.trim());
  const slash = name.indexOf("/");
  if (slash < 1 || slash === name.length - 1) return undefined;
  const pairs = parameters.map((parameter) => {
    const [key = "", value = ""] = parameter.split("=", 2);
    return [key.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, "$1")];
  });
  return {
    type: name.slice(0, slash).toLowerCase(),
    subtype: name.slice(slash + 1).toLowerCase(),
    parameters: Object.fromEntries(pairs),
  };
}

export interface NegotiateOptions {
  /** Forms the endpoint can give beside the object; default none. */
  readonly transforms?: readonly Transform["kind"][];
  /** For `pretty`. */
  readonly query?: URLSearchParams;
  /** Browsers, curl and wget get indented JSON, unless the query says otherwise. */
  readonly userAgent?: string;
}

const humans = /^(curl|Wget|Mozilla)\//;

export function wantsPretty(query: URLSearchParams | undefined, userAgent: string | undefined): boolean {
  const parameter = query?.get("pretty");
  return parameter ? parameter !== "0" && parameter !== "false" : humans.test(userAgent ?? "");
}

/** @throws ApiError 406 when nothing the client accepts can be given */
export function negotiate(accept: string | undefined, options: NegotiateOptions = {}): Negotiated {
  const pretty = wantsPretty(options.query, options.userAgent);
  if (!accept || accept === json) return { format: "json", as: undefined, pretty };
  for (const range of parseAccept(accept)) {
    const format = formatOf(range);
    const as = transformOf(range, options.transforms ?? []);
    // Tables are for people, whose programs ask for JSON.
    if (format === "cbor" && range.parameters["as"] === "Table") continue;
    if (format && as !== "unsupported") return { format, as, pretty: pretty || range.parameters["pretty"] === "1" };
  }
  throw notAcceptable([json, yaml, cbor]);
}

/** The format that the client likes best of those there are, whatever it asks to be shown in it. */
export function preferredFormat(accept: string | undefined): Negotiated["format"] | undefined {
  if (!accept || accept === json) return "json";
  return parseAccept(accept)
    .map(formatOf)
    .find((format) => format !== undefined);
}

function formatOf({ type, subtype }: MediaRange): Negotiated["format"] | undefined {
  if (subtype === "*") return type === "*" || type === "application" ? "json" : undefined;
  if (type !== "application") return undefined;
  if (subtype === "cbor-seq") return "cbor";
  return subtype === "json" || subtype === "yaml" || subtype === "cbor" ? subtype : undefined;
}

function transformOf(
  { parameters }: MediaRange,
  supported: readonly Transform["kind"][],
): Transform | undefined | "unsupported" {
  const { as: kind, g: group, v: version } = parameters;
  if (kind === undefined) return undefined;
  const known = supported.find((candidate) => candidate === kind);
  if (!known || group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return "unsupported";
  return { kind: known, version };
}

/** Content-Type of an answer. Frames of a watch are marked where they are not JSON. */
export function contentType(negotiated: Pick<Negotiated, "format">, watch = false): string {
  if (negotiated.format === "json") return json;
  if (negotiated.format === "cbor") return watch ? cborSequence : cbor;
  return watch ? `${yaml};stream=watch` : yaml;
}

/**
 * Format of a request's body. A body without a type is JSON.
 * @param allowProtobuf built-in kinds only
 * @throws ApiError 415
 */
export function bodyFormat(header: string | undefined, allowProtobuf: boolean): "json" | "yaml" | "protobuf" {
  if (!header || header === json) return "json";
  const range = parseMediaRange(header);
  const type = range && `${range.type}/${range.subtype}`;
  if (type === json) return "json";
  if (type === yaml) return "yaml";
  if (type === protobuf && allowProtobuf) return "protobuf";
  throw unsupportedMediaType(allowProtobuf ? [json, yaml, protobuf] : [json, yaml]);
}

export type PatchType = "json" | "merge" | "strategic" | "apply";

export const patchMediaTypes: Readonly<Record<PatchType, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** An apply too, in another form. */
const applyCbor = "application/apply-patch+cbor";

/** @throws ApiError 415 when the patch is of another type than those `supported` */
export function patchType(header: string | undefined, supported: readonly PatchType[]): PatchType {
  const range = header ? parseMediaRange(header) : undefined;
  const type = range && `${range.type}/${range.subtype}`;
  if (type === applyCbor && supported.includes("apply")) return "apply";
  const found = supported.find((candidate) => patchMediaTypes[candidate] === type);
  if (found) return found;
  const types = supported.map((candidate) => patchMediaTypes[candidate]);
  throw unsupportedMediaType(supported.includes("apply") ? [...types, applyCbor] : types);
}
