import type { ApiServerOptions } from "@homeostat/apiserver";
import type { Containers, ContainersOptions } from "./containers.ts";

/** The pretended containers, loaded when someone connects to one for the first time. */
export function lazyContainers(
  options: ContainersOptions,
): Required<Pick<ApiServerOptions, "podLogs" | "podConnections">> {
  let loaded: Promise<Containers> | undefined;
  const containers = (): Promise<Containers> =>
    (loaded ??= import("./containers.ts").then(({ createContainers }) => createContainers(options)));
  return {
    podLogs: async (pod, container, query) => (await containers()).logs(pod, container, query),
    podConnections: {
      exec: async (target, command) => (await containers()).connections.exec(target, command),
      attach: async (target) => (await containers()).connections.attach(target),
      ports: async (pod) => (await containers()).connections.ports(pod),
    },
  };
}
