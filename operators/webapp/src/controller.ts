import { ConfigMap } from "@homeostat/api";
import { type ControllerDefinition, controllerFor } from "@homeostat/runtime";
import { WebApp } from "./api.ts";
import { configMap, configMapName } from "./resources/config-map.ts";

/**
 * Watches WebApps and their ConfigMaps. What should exist is a pure function of the WebApp, so there is nothing here
 * that could loop: a deleted or edited ConfigMap is repaired, and a state that is right already is left alone.
 */
export function webAppController(): ControllerDefinition<WebApp> {
  return controllerFor(WebApp).desired({
    children: [ConfigMap],
    desired: (app) => [configMap(app)],
    status: (app, { ready }) => ({
      configMapName: configMapName(app.metadata.name),
      phase: ready ? "Ready" : "Pending",
    }),
  });
}
