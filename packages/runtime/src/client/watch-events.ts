import {
  type KubeObject,
  type Resource,
  resourcePath,
  type Status,
  type Transport,
  type WatchEvent,
} from "@homeostat/api";
import type { WatchOptions } from "./client.ts";
import { acceptOf } from "./metadata-of.ts";
import { queryString, selectorTexts } from "./query.ts";
import { withKind } from "./requester.ts";
import { errorOfResponse } from "./status-error.ts";
import { createWatchStream } from "./watch-stream.ts";

/**
 * One watch request as an iterable of parsed events. It is sent when the first event is asked for; leaving the loop
 * ends it. Events that come faster than they are taken are held: for a lasting view use a cache.
 *
 * @throws ApiError where the server refuses; an `ERROR` event is yielded, not thrown
 */
export async function* watchEvents<T extends KubeObject>(
  transport: Transport,
  userAgent: string,
  resource: Resource<T>,
  options: WatchOptions = {},
): AsyncGenerator<WatchEvent<T>, void, void> {
  const { namespace, labelSelector, fieldSelector, signal, ...query } = options;
  const selectors = selectorTexts({ labelSelector, fieldSelector });
  if (!selectors) return;
  const path =
    resourcePath(resource, namespace ? { namespace } : {}) +
    queryString({
      watch: true,
      ...query,
      ...selectors,
      // The server wants it said (KEP-3157).
      ...(options.sendInitialEvents ? { resourceVersionMatch: "NotOlderThan" } : {}),
    });
  const ending = new AbortController();
  const combined = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
  const response = await transport({
    method: "GET",
    path,
    headers: { accept: acceptOf(resource), "user-agent": userAgent },
    signal: combined,
  });
  if (response.status !== 200) throw errorOfResponse(response, await response.bytes(), `GET ${path}`);

  const held: WatchEvent<T>[] = [];
  let wake: (() => void) | undefined;
  let outcome: { readonly error?: unknown } | undefined;
  const stream = createWatchStream((type, bytes, start, end) => {
    const object = JSON.parse(bytes.toString("utf8", start, end)) as T;
    held.push(
      (type === "ERROR"
        ? { type, object: object as unknown as Status }
        : { type, object: withKind(object, resource) }) as WatchEvent<T>,
    );
    wake?.();
  });
  const finished = (result: { readonly error?: unknown }): void => {
    outcome = result;
    wake?.();
  };
  response.pipe(stream.push).then(
    () => {
      try {
        stream.end();
        finished({});
      } catch (error) {
        finished({ error });
      }
    },
    (error) => finished({ error }),
  );

  try {
    for (;;) {
      const batch = held.splice(0);
      yield* batch;
      if (batch.length > 0) continue;
      if (outcome) {
        if (outcome.error !== undefined) throw outcome.error;
        return;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    ending.abort();
  }
}
