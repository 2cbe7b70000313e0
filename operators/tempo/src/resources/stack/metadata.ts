import type { ObjectMeta } from "@homeostat/api";
import { componentName } from "../../names.ts";
import { componentLabels } from "../labels.ts";

/** Name and labels of a component's object. */
export function metadataOf(
  name: string,
  component: string,
  annotations: Readonly<Record<string, string>> = {},
): ObjectMeta & { readonly name: string } {
  return {
    name: componentName(name, component),
    labels: componentLabels(name, component),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}
