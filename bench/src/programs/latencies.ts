import { serveLines } from "./lines.ts";

/** Wall clock with fractions: processes of one machine agree on it. */
export const wallMs = (): number => performance.timeOrigin + performance.now();

/** Notes how late each change was seen; asked, it tells all since it was asked before, and the CPU spent on them. */
export function serveLatencies(): {
  note(sentAt: string | undefined): void;
  ready(stop: () => Promise<void> | void): void;
} {
  let latencies: number[] = [];
  let cpu = process.cpuUsage();
  return {
    note(sentAt) {
      if (sentAt !== undefined) latencies.push(wallMs() - Number(sentAt));
    },
    ready(stop) {
      const answer = (): unknown => {
        const { user, system } = process.cpuUsage(cpu);
        const told = { latencies, cpuMs: (user + system) / 1000 };
        latencies = [];
        cpu = process.cpuUsage();
        return told;
      };
      serveLines({}, { answer, stop });
    },
  };
}
