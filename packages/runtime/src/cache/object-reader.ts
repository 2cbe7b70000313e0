import { apiVersionOf, type Resource } from "@homeostat/api";
import { type ObjectSpans, scanObject } from "./object-scanner.ts";
import { readString } from "./scanner.ts";

/** Something of another kind came where objects of this one belong. */
export class WrongKindError extends Error {
  override readonly name = "WrongKindError";
  readonly code = "WRONG_KIND";
}

/** Reads identity out of scanned bytes, and makes up for what the API leaves out in lists. */
export function createObjectReader({
  resource,
  metadataOnly = false,
}: {
  readonly resource: Resource;
  readonly metadataOnly?: boolean;
}) {
  const kind = metadataOnly ? "PartialObjectMetadata" : resource.kind;
  const apiVersion = metadataOnly ? "meta.k8s.io/v1" : apiVersionOf(resource);
  const kindMember = Buffer.from(`"kind":${JSON.stringify(resource.kind)},`);
  const apiVersionMember = Buffer.from(`"apiVersion":${JSON.stringify(apiVersionOf(resource))},`);
  const both = Buffer.concat([kindMember, apiVersionMember]);
  const namespaces = new Map<string, string>();

  const is = (bytes: Buffer, start: number, end: number, text: string): boolean => {
    if (end - start !== text.length) return false;
    for (let k = 0; k < text.length; k++) if (bytes[start + k] !== text.charCodeAt(k)) return false;
    return true;
  };

  return {
    /** @returns the object's key @throws WrongKindError */
    scan(bytes: Buffer, start: number, end: number, whole: boolean, spans: ObjectSpans): string {
      scanObject(bytes, start, end, whole, spans);
      const kindFits = spans.kindStart < 0 || is(bytes, spans.kindStart, spans.kindEnd, kind);
      const versionFits =
        spans.apiVersionStart < 0 || is(bytes, spans.apiVersionStart, spans.apiVersionEnd, apiVersion);
      if (!kindFits || !versionFits || spans.nameStart < 0) {
        const got = spans.kindStart < 0 ? "no kind" : readString(bytes, spans.kindStart, spans.kindEnd);
        const version =
          spans.apiVersionStart < 0 ? "" : ` ${readString(bytes, spans.apiVersionStart, spans.apiVersionEnd)}`;
        throw new WrongKindError(
          `expected ${kind} ${apiVersion}, got ${spans.nameStart < 0 ? "an object without a name" : `${got}${version}`}`,
        );
      }
      const name = readString(bytes, spans.nameStart, spans.nameEnd);
      if (spans.namespaceStart < 0 || spans.namespaceStart === spans.namespaceEnd) return name;
      return `${readString(bytes, spans.namespaceStart, spans.namespaceEnd)}/${name}`;
    },
    /** After a projection, which keeps identity and may leave out kind and apiVersion. @throws WrongKindError */
    rescan(bytes: Buffer, spans: ObjectSpans): void {
      scanObject(bytes, 0, bytes.length, true, spans);
      if (spans.nameStart < 0) throw new WrongKindError(`${resource.kind} has no name after its transform`);
    },
    strings(
      bytes: Buffer,
      spans: ObjectSpans,
      key: string,
    ): { readonly key: string; readonly name: string; readonly namespace: string | undefined } {
      const name = readString(bytes, spans.nameStart, spans.nameEnd);
      if (key.length === name.length) return { key, name: key, namespace: undefined };
      const text = key.slice(0, key.length - name.length - 1);
      let namespace = namespaces.get(text);
      if (namespace === undefined) namespaces.set(text, (namespace = text));
      return { key, name, namespace };
    },
    version: (bytes: Buffer, spans: ObjectSpans): string =>
      spans.resourceVersionStart < 0 ? "" : readString(bytes, spans.resourceVersionStart, spans.resourceVersionEnd),
    hasUid: (bytes: Buffer, spans: ObjectSpans, uid: string): boolean =>
      spans.uidStart < 0 ? uid === "" : is(bytes, spans.uidStart, spans.uidEnd, uid),
    /** Objects that come as PartialObjectMetadata under their own kind; others as they are. */
    withKind(bytes: Buffer, spans: ObjectSpans): Buffer {
      if (!metadataOnly || spans.kindStart < 0 || spans.apiVersionStart < 0) return bytes;
      const kindSpan = [spans.kindStart, spans.kindEnd, resource.kind] as const;
      const versionSpan = [spans.apiVersionStart, spans.apiVersionEnd, apiVersionOf(resource)] as const;
      const [first, second] = kindSpan[0] < versionSpan[0] ? [kindSpan, versionSpan] : [versionSpan, kindSpan];
      const rewritten = Buffer.concat([
        bytes.subarray(spans.start, first[0]),
        Buffer.from(first[2]),
        bytes.subarray(first[1], second[0]),
        Buffer.from(second[2]),
        bytes.subarray(second[1], spans.end),
      ]);
      scanObject(rewritten, 0, rewritten.length, true, spans);
      return rewritten;
    },
    insertion(spans: ObjectSpans): Buffer | undefined {
      if (spans.kindStart >= 0) return spans.apiVersionStart >= 0 ? undefined : apiVersionMember;
      return spans.apiVersionStart >= 0 ? kindMember : both;
    },
  };
}
