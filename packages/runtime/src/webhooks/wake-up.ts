import { type Clock, type NamespacedName, type Resource, sleep } from "@homeostat/api";
import type { Client } from "../client/client.ts";

/** Waits for a time or for a change of some objects, whichever comes first. Changes in between are not lost. */
export class WakeUp {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #pending = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  async wait(delayMs: number): Promise<void> {
    if (this.#pending || this.#signal.aborted) {
      this.#pending = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.setTimer(() => this.#wake?.(), delayMs, { keepAlive: false });
      this.#wake = () => {
        this.#wake = undefined;
        cancel();
        resolve();
      };
    });
    this.#pending = false;
  }

  /**
   * Follows one object until the signal is aborted. A watch that ends or is not allowed is begun again after `pauseMs`;
   * waiting by time goes on meanwhile.
   */
  async watch(
    client: Client,
    { resource, name, namespace }: { readonly resource: Resource } & NamespacedName,
    pauseMs: number,
  ): Promise<void> {
    const options = {
      fieldSelector: `metadata.name=${name}`,
      ...(namespace === undefined ? {} : { namespace }),
      signal: this.#signal,
    };
    while (!this.#signal.aborted) {
      try {
        for await (const event of client.watch(resource, options)) {
          if (event.type === "ERROR") break;
          if (event.type !== "BOOKMARK") this.#wakeNow();
        }
      } catch {
        // Forbidden, unreachable or aborted: time does.
      }
      await sleep(this.#clock, pauseMs, this.#signal).catch(() => {});
    }
  }

  #wakeNow(): void {
    this.#pending = true;
    this.#wake?.();
  }
}
