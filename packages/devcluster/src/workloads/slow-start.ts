/**
 * Does something `count` times, in batches of 1, 2, 4 …, and stops after the batch in which one fails: what cannot work
 * fails once and not a thousand times. Source: kube-controller-manager, `slowStartBatch`.
 *
 * @returns how many succeeded, and the first error
 */
export async function slowStart(
  count: number,
  act: (index: number) => Promise<void>,
): Promise<{ readonly done: number; readonly error?: unknown }> {
  let done = 0;
  let started = 0;
  for (let size = 1; started < count; size *= 2) {
    const batch = Array.from({ length: Math.min(size, count - started) }, (_, offset) => act(started + offset));
    started += batch.length;
    const results = await Promise.allSettled(batch);
    done += results.filter(({ status }) => status === "fulfilled").length;
    const failed = results.find((result) => result.status === "rejected");
    if (failed) return { done, error: failed.reason };
  }
  return { done };
}
