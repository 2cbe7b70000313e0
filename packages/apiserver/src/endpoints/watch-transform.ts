import type { JsonObject } from "@homeostat/api";
import type { Transform } from "../http/media-type.ts";
import type { Engine } from "../registry/engine.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { partialObjectMetadata } from "../tables/partial-object.ts";
import { toTable } from "../tables/table.ts";
import type { IncludeObject } from "./respond.ts";
import type { WatchTransform } from "./watch.ts";

/** How the objects of a watch are shown; undefined: as they are stored. */
export function watchTransform(
  engine: Engine,
  served: ServedResource,
  as: Transform | undefined,
  includeObject: IncludeObject,
): WatchTransform {
  if (!as) return undefined;
  if (as.kind !== "Table") return (object) => partialObjectMetadata(object, as.version);
  return (object, first) => {
    // A bookmark has no cells, only a revision.
    const bookmark = (object["metadata"] as JsonObject | undefined)?.["name"] === undefined;
    return toTable([object], served.columns, {
      includeObject: bookmark ? "Object" : includeObject,
      now: engine.clock.now(),
      version: as.version,
      metadata: { resourceVersion: (object["metadata"] as JsonObject)["resourceVersion"]! },
      includeColumns: first,
    });
  };
}
