import { ConfigMap, objectOf } from "@homeostat/api";
import { monolithicTempoYaml } from "../../config/monolithic-tempo-yaml.ts";
import { monolithicTempoQueryYaml } from "../../config/tempo-query-yaml.ts";
import type { MonolithicInput } from "../input.ts";
import { isJaegerOn } from "./features.ts";
import { monolithicMetadata } from "./metadata.ts";

/** Texts of the files that Tempo and what asks it for Jaeger are started with. */
export interface Configuration {
  readonly tempo: string;
  /** Only with the Jaeger UI. */
  readonly tempoQuery?: string;
}

export function configurationOf(input: MonolithicInput): Configuration {
  return {
    tempo: monolithicTempoYaml(input),
    ...(isJaegerOn(input) ? { tempoQuery: monolithicTempoQueryYaml(input.spec, input.settings) } : {}),
  };
}

export function configMap(input: MonolithicInput, { tempo, tempoQuery }: Configuration): ConfigMap {
  return objectOf(ConfigMap, {
    metadata: monolithicMetadata(input.name, "config"),
    data: { "tempo.yaml": tempo, ...(tempoQuery === undefined ? {} : { "tempo-query.yaml": tempoQuery }) },
  });
}
