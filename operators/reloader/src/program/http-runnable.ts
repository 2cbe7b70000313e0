import { listen, type Runnable } from "@homeostat/runtime";

/** Serves `/live`, as Stakater Reloader does, and `/metrics`, on one address. */
export function httpRunnable(address: string, metrics: () => Promise<string>): Runnable {
  return {
    name: "metrics",
    // Who stands by answers as well.
    group: "servers",
    async run(signal) {
      const server = await listen(address, async ({ path }) => {
        if (path === "/live") return { status: 200, body: "alive" };
        if (path !== "/metrics") return undefined;
        return { status: 200, body: await metrics(), contentType: "text/plain; version=0.0.4; charset=utf-8" };
      });
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await server.stop();
    },
  };
}
