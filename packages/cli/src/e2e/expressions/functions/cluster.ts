import type { Json } from "@homeostat/api";
import type { Question } from "../evaluator.ts";
import { define, type FunctionTable } from "./definition.ts";

/** Functions that ask a cluster; their first argument is `$client` or `$config`. Source: chainsaw, "functions". */
export function clusterFunctions(ask: (client: Json, question: Question) => Json): FunctionTable {
  return {
    x_k8s_get: define(
      "any string string string string",
      (client: Json, apiVersion: string, kind: string, namespace: string, name: string) =>
        ask(client, { type: "get", apiVersion, kind, namespace, name }),
    ),
    x_k8s_exists: define(
      "any string string string string",
      (client: Json, apiVersion: string, kind: string, namespace: string, name: string) =>
        ask(client, { type: "exists", apiVersion, kind, namespace, name }),
    ),
    x_k8s_list: define("any string string string?", (client: Json, apiVersion: string, kind: string, namespace = "") =>
      ask(client, { type: "list", apiVersion, kind, namespace }),
    ),
    x_k8s_resource_exists: define("any string string", (client: Json, apiVersion: string, kind: string) =>
      ask(client, { type: "resource-exists", apiVersion, kind }),
    ),
    x_k8s_server_version: define("any", (config: Json) => ask(config, { type: "server-version" })),
  };
}
