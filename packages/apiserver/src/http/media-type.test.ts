import { describe, expect, it } from "vitest";
import { bodyFormat, contentType, type NegotiateOptions, negotiate, patchType } from "./media-type.ts";

const table = { transforms: ["Table", "PartialObjectMetadata"] } as const satisfies NegotiateOptions;

function chosen(accept: string | undefined, options: NegotiateOptions = table): string {
  const { format, as } = negotiate(accept, options);
  return as ? `${format} ${as.kind} ${as.version}` : format;
}

describe("negotiate", () => {
  it.each([
    [undefined, "json"],
    ["", "json"],
    ["*/*", "json"],
    ["application/*", "json"],
    ["application/json", "json"],
    ["application/yaml", "yaml"],
    ["application/json;q=0.5, application/yaml", "yaml"],
    ["application/yaml;q=0.2, */*;q=0.8", "json"],
    ["application/vnd.kubernetes.protobuf,application/json", "json"],
    ["text/html, application/xhtml+xml, */*;q=0.8", "json"],
    ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "json Table v1"],
    ["application/json;as=Table;v=v1beta1;g=meta.k8s.io", "json Table v1beta1"],
    ["application/json;as=Table;v=v2;g=meta.k8s.io, application/json;as=Table;v=v1;g=meta.k8s.io", "json Table v1"],
    [
      "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
      "json PartialObjectMetadata v1",
    ],
    ["application/cbor, application/json;q=0.9", "cbor"],
    ["application/cbor-seq,application/cbor", "cbor"],
    ["application/cbor;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "cbor PartialObjectMetadata v1"],
    ["application/cbor;as=Table;v=v1;g=meta.k8s.io,application/json", "json"],
    ["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json", "json"],
  ])("B011 answers Accept %s with %s", (accept, expected) => {
    expect(chosen(accept)).toBe(expected);
  });

  it.each(["text/html", "application/vnd.kubernetes.protobuf", "application/json;q=0", "nonsense"])(
    "B011 refuses Accept %s with 406",
    (accept) => {
      expect(() => negotiate(accept)).toThrow(expect.objectContaining({ code: 406, reason: "NotAcceptable" }));
    },
  );

  it("B012 refuses a form the endpoint cannot give, unless a plain one is accepted too", () => {
    const asked = "application/json;as=Table;v=v1;g=meta.k8s.io";
    expect(() => negotiate(asked)).toThrow(expect.objectContaining({ code: 406 }));
    expect(chosen(`${asked},application/json`, {})).toBe("json");
  });

  it("B013 indents for people and when asked", () => {
    const pretty = (query: string, userAgent?: string): boolean =>
      negotiate("*/*", { query: new URLSearchParams(query), ...(userAgent ? { userAgent } : {}) }).pretty;
    expect([pretty("pretty=true"), pretty(""), pretty("", "curl/8.0"), pretty("pretty=false", "curl/8.0")]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it("B009 marks frames of a watch that are not JSON", () => {
    expect(contentType({ format: "json" }, true)).toBe("application/json");
    expect(contentType({ format: "yaml" }, true)).toBe("application/yaml;stream=watch");
    expect(contentType({ format: "cbor" }, true)).toBe("application/cbor-seq");
    expect(contentType({ format: "cbor" })).toBe("application/cbor");
  });
});

describe("bodyFormat", () => {
  it.each([
    [undefined, "json"],
    ["application/json", "json"],
    ["application/json; charset=utf-8", "json"],
    ["application/yaml", "yaml"],
    ["application/vnd.kubernetes.protobuf", "protobuf"],
  ])("B010 takes %s for a built-in kind", (type, expected) => {
    expect(bodyFormat(type, true)).toBe(expected);
  });

  it("B010 refuses other types with 415 and lists the accepted ones", () => {
    const message =
      "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml";
    expect(() => bodyFormat("application/vnd.kubernetes.protobuf", false)).toThrow(message);
    expect(() => bodyFormat("text/plain", true)).toThrow(expect.objectContaining({ code: 415 }));
  });
});

describe("patchType", () => {
  it("knows the types an endpoint supports and refuses others with 415", () => {
    expect(patchType("application/merge-patch+json", ["json", "merge", "apply"])).toBe("merge");
    expect(patchType("application/apply-patch+yaml; charset=utf-8", ["json", "merge", "apply"])).toBe("apply");
    expect(patchType("application/apply-patch+cbor", ["json", "merge", "apply"])).toBe("apply");
    expect(() => patchType("application/apply-patch+cbor", ["json", "merge"])).toThrow("UnsupportedMediaType");
    expect(() => patchType(undefined, ["json", "apply"])).toThrow(
      "application/json-patch+json, application/apply-patch+yaml, application/apply-patch+cbor",
    );
    expect(() => patchType("application/strategic-merge-patch+json", ["json", "merge"])).toThrow(
      "accepted media types include: application/json-patch+json, application/merge-patch+json",
    );
  });
});
