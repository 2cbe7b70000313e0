import { type Clock, formatTime } from "@homeostat/api";
import { deletedHash } from "../content/hash.ts";
import type { ReloadReport } from "../engine/observer.ts";
import type { Post } from "./post.ts";

/** An answer to the webhook that is none. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

const TIMEOUT_MS = 10_000;

/**
 * Webhook mode: each change that would reload a workload is posted instead, as Stakater Reloader 2 writes it, with the
 * field of its first version beside. What is not answered with 2xx is posted again later.
 */
export function createWebhook(url: string, post: Post, clock: Clock): (report: ReloadReport) => Promise<void> {
  const address = new URL(url);
  const send = async (body: string): Promise<number> => {
    const timeout = new AbortController();
    const cancel = clock.setTimer(
      () => timeout.abort(new WebhookError("the webhook gave no answer in time")),
      TIMEOUT_MS,
    );
    try {
      return await post({ url: address }, { contentType: "application/json", body }, timeout.signal);
    } finally {
      cancel();
    }
  };
  return async ({ workload, sources, atMs }) => {
    for (const { kind, namespace, name, hash } of sources) {
      const { kind: workloadKind, name: workloadName, namespace: workloadNamespace } = workload;
      const body = JSON.stringify({
        webhook: "update successful",
        kind,
        namespace,
        resourceName: name,
        resourceType: kind.toLowerCase(),
        hash: hash ?? deletedHash,
        timestamp: formatTime(atMs),
        workloads: [{ kind: workloadKind, name: workloadName, namespace: workloadNamespace }],
      });
      const status = await send(body);
      if (status < 200 || status > 299) throw new WebhookError(`the webhook at ${address.host} answered ${status}`);
    }
  };
}
