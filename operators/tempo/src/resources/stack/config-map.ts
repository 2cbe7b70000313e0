import { ConfigMap, objectOf } from "@homeostat/api";
import { overridesYaml } from "../../config/stack-overrides.ts";
import { tempoQueryFrontendYaml, tempoYaml } from "../../config/stack-tempo-yaml.ts";
import { stackTempoQueryYaml } from "../../config/tempo-query-yaml.ts";
import { componentName } from "../../names.ts";
import type { StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import { isJaegerOn } from "./features.ts";

/** Everything the containers of a stack read at their start, save credentials. */
export function configMap(input: StackInput): ConfigMap {
  return objectOf(ConfigMap, {
    metadata: { name: componentName(input.name), labels: componentLabels(input.name, "config") },
    data: {
      "tempo.yaml": tempoYaml(input),
      "tempo-query-frontend.yaml": tempoQueryFrontendYaml(input),
      "overrides.yaml": overridesYaml(input.spec),
      ...(isJaegerOn(input) ? { "tempo-query.yaml": stackTempoQueryYaml(input) } : {}),
    },
  });
}
