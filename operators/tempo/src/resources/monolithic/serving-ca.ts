import { ConfigMap, objectOf } from "@homeostat/api";
import type { MonolithicInput } from "../input.ts";
import { commonLabels } from "../labels.ts";
import { servingCaName } from "./features.ts";
import { app } from "./metadata.ts";

/** OpenShift fills it with the CA of the certificates that it issues for Services, so it states no data. */
export function servingCa({ name, settings }: MonolithicInput): ConfigMap | undefined {
  if (!settings.gates["openshift.servingCertsService"]) return undefined;
  return objectOf(ConfigMap, {
    metadata: {
      name: servingCaName(name),
      labels: commonLabels(name, app),
      annotations: { "service.beta.openshift.io/inject-cabundle": "true" },
    },
  });
}
