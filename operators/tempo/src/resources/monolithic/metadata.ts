import { componentName } from "../../names.ts";
import { componentLabels } from "../labels.ts";

/** What `app.kubernetes.io/name` says of everything that belongs to a TempoMonolithic. */
export const app = "tempo-monolithic";

/** All that runs is one component, which all Services select, whatever they are called. */
export const podLabels = (name: string): Readonly<Record<string, string>> => componentLabels(name, "tempo", app);

export interface Metadata {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Name and labels of the object that belongs to `component`. */
export function metadataOf(
  name: string,
  component: string,
  annotations: Readonly<Record<string, string>> = {},
): Metadata {
  return {
    name: componentName(name, component),
    labels: componentLabels(name, component, app),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}
