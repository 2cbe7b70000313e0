import type { SubresourceHandler } from "./subresources.ts";

/** Lines of a container's log. Pods are pretended here, so there are none: an empty log is the honest answer. */
export const podLog: SubresourceHandler = async () => ({
  status: 200,
  headers: { "content-type": "text/plain" },
  body: new Uint8Array(0),
});
