import { componentLabels } from "../labels.ts";
import { type Metadata, metadataOf } from "../metadata.ts";

/** What `app.kubernetes.io/name` says of everything that belongs to a TempoMonolithic. */
export const app = "tempo-monolithic";

/** All that runs is one component, which all Services select, whatever they are called. */
export const podLabels = (name: string): Readonly<Record<string, string>> => componentLabels(name, "tempo", app);

/** Name and labels of an object of the instance. */
export const monolithicMetadata = (
  name: string,
  component: string,
  annotations?: Readonly<Record<string, string>>,
): Metadata => metadataOf(name, component, annotations, app);
