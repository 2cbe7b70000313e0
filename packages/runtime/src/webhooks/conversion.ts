import {
  apiVersionOf,
  type JsonObject,
  type KubeObject,
  type ObjectMeta,
  parseApiVersion,
  type Resource,
} from "@homeostat/api";
import { diff, type FieldChange } from "../diff/diff.ts";
import { plain } from "./json-patch.ts";

/**
 * How one version of a kind becomes the hub's, and how the hub's becomes it. Both are pure; only labels and annotations
 * of the metadata are theirs to change, and `apiVersion` and `kind` are set for them.
 */
export interface Spoke<Hub extends KubeObject, T extends KubeObject> {
  toHub(object: T): Hub;
  fromHub(hub: Hub): T;
}

/** Converts objects of one kind between its versions. */
export interface Conversion {
  readonly type: "conversion";
  readonly group: string;
  readonly kind: string;
  /** `webapps`. */
  readonly plural: string;
  /** All versions it knows, the hub first. */
  readonly versions: readonly string[];
  /**
   * @param apiVersion the wanted one, `example.com/v1`
   * @throws ConversionError where it is the object's already, of another group, or a version without a converter
   */
  convert(object: KubeObject, apiVersion: string): KubeObject;
  /**
   * What an object loses on its way to another version and back: empty where nothing is. For tests of converters.
   * @param apiVersion the version in between. Default: the hub
   */
  roundTripLosses(object: KubeObject, apiVersion?: string): FieldChange[];
}

/** An object cannot be converted as asked. */
export class ConversionError extends Error {
  override readonly name = "ConversionError";
  readonly code = "ERR_CONVERSION";
}

/**
 * Conversion by hub and spokes: every other version has a way to the hub and back, and two of them meet there.
 *
 *     conversion(WebApp, {
 *       v1alpha1: { toHub: (old: OldWebApp) => WebApp.object({ … }), fromHub: (app) => OldWebApp.object({ … }) },
 *     })
 *
 * @throws Error where the hub has a converter, or there is no other version
 */
export function conversion<Hub extends KubeObject, Spokes extends Record<string, KubeObject>>(
  hub: Resource<Hub>,
  spokes: { readonly [Version in keyof Spokes]: Spoke<Hub, Spokes[Version]> },
): Conversion {
  const { group, kind, plural } = hub;
  const converters = new Map(Object.entries(spokes) as [string, Spoke<Hub, KubeObject>][]);
  const versions = [hub.version, ...converters.keys()];
  if (converters.has(hub.version))
    throw new Error(`conversion of ${kind}: ${hub.version} is the hub and needs no converter: remove it`);
  if (converters.size === 0) throw new Error(`conversion of ${kind}: name at least one version beside the hub`);
  const converter = (version: string): Spoke<Hub, KubeObject> => {
    const found = converters.get(version);
    if (found) return found;
    throw new ConversionError(
      `${kind} of ${apiVersionOf({ group, version })} has no converter: there are ${versions.join(", ")}`,
    );
  };
  const convert = (object: KubeObject, apiVersion: string): KubeObject => {
    const from = parseApiVersion(object.apiVersion ?? "");
    const to = parseApiVersion(apiVersion);
    if (object.kind !== kind || from.group !== group)
      throw new ConversionError(
        `${object.kind} of ${object.apiVersion} is not converted here: this is for ${kind} of ${group}`,
      );
    if (to.group !== group)
      throw new ConversionError(
        `${kind} of ${object.apiVersion} cannot become one of ${apiVersion}: the group differs`,
      );
    if (from.version === to.version) throw new ConversionError(`${kind} is of ${apiVersion} already`);
    // Both ends are looked up before either is called: a missing one is no half-done work.
    const toHub = from.version === hub.version ? undefined : converter(from.version);
    const fromHub = to.version === hub.version ? undefined : converter(to.version);
    const source = plain(object);
    const atHub = toHub ? complete(toHub.toHub(source), source, apiVersionOf(hub)) : source;
    return fromHub ? complete(fromHub.fromHub(atHub as Hub), source, apiVersion) : atHub;
  };
  return {
    type: "conversion",
    group,
    kind,
    plural,
    versions,
    convert,
    roundTripLosses(object, apiVersion = apiVersionOf(hub)) {
      return diff(plain(object), plain(convert(convert(object, apiVersion), object.apiVersion ?? "")));
    },
  };
}

/** The API server refuses results whose identity differs, so that part is not left to converters. */
function complete(converted: KubeObject, source: KubeObject, apiVersion: string): KubeObject {
  if (typeof converted !== "object" || converted === null)
    throw new ConversionError(`the converter of ${source.kind} to ${apiVersion} returned no object`);
  const { labels: _labels, annotations: _annotations, ...identity } = (source.metadata ?? {}) as ObjectMeta;
  const { labels, annotations } = converted.metadata ?? {};
  const metadata = { ...identity, ...filled("labels", labels), ...filled("annotations", annotations) };
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = converted as JsonObject & KubeObject;
  return plain({ apiVersion, kind: source.kind, metadata, ...rest }) as KubeObject;
}

/** What became empty is left out: the server stores no empty map either. */
function filled<K extends string, V extends object>(name: K, map: V | undefined): { readonly [P in K]?: V } {
  return (map && Object.keys(map).length > 0 ? { [name]: map } : {}) as { readonly [P in K]?: V };
}
