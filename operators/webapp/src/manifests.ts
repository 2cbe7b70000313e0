import { operatorManifests } from "@homeostat/runtime";
import { webAppOperator } from "./operator.ts";

/**
 * What to apply to a real cluster, by file name. `image` is yours to build: the operator is one Node program.
 *
 * @param image default `webapp-operator:dev`
 */
export const manifests = (image = "webapp-operator:dev"): Readonly<Record<string, readonly object[]>> =>
  operatorManifests({ ...webAppOperator, name: "webapp-operator" }, { image });
