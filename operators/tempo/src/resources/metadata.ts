import { componentName } from "../names.ts";
import { type AppName, componentLabels } from "./labels.ts";

type Strings = Readonly<Record<string, string>>;

export interface Metadata {
  readonly name: string;
  readonly labels: Strings;
  readonly annotations?: Strings;
}

/** Name and labels of the object that belongs to `component` of the instance `name`. */
export function metadataOf(name: string, component: string, annotations: Strings = {}, app?: AppName): Metadata {
  return {
    name: componentName(name, component),
    labels: componentLabels(name, component, app),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}
