import type { FSWatcher } from "node:fs";
import { dirname } from "node:path";
import { type Clock, systemClock } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import type { Counter, Registry } from "prom-client";
import { type Logger, silentLogger } from "../log.ts";
import { promClient } from "../on-demand.ts";
import type { CertificateSource } from "./certificate-source.ts";
import { metricOf } from "./webhook-metrics.ts";

export interface CertificateFilesOptions {
  /** File with the certificate and those between it and the authority, in PEM: `…/tls.crt`. */
  readonly certificate: string;
  /** File with its private key in PEM: `…/tls.key`. */
  readonly key: string;
  /** How often the files are read where the file system tells of no change, in milliseconds. Default 10000. */
  readonly intervalMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Where `certwatcher_read_certificate_total` and `…_errors_total` are registered. Default: nowhere. */
  readonly registry?: Registry;
  readonly log?: Logger;
}

/**
 * A certificate in two files, read again when they change: replaced, renamed over, or behind a symbolic link that is
 * swapped, as the kubelet does with mounted Secrets. The directory is watched and the files are read every 10 seconds
 * besides. Files that are missing, half written or no pair leave the old certificate in use, are counted and logged.
 * Source: controller-runtime `pkg/certwatcher`.
 */
export function certificateFiles(options: CertificateFilesOptions): CertificateSource {
  const { certificate, key, intervalMs = 10_000, clock = systemClock, log = silentLogger, registry } = options;
  const counter = (name: string, help: string): Counter | undefined =>
    registry && metricOf(registry, name, () => new (promClient().Counter)({ name, help, registers: [registry] }));
  const reads = counter("certwatcher_read_certificate_total", "Certificates read from files, unchanged ones left out");
  const failures = counter(
    "certwatcher_read_certificate_errors_total",
    "Certificates that could not be read from files",
  );

  return {
    async start(changed, signal) {
      const [{ readFileSync, watch }, { createSecureContext }] = await Promise.all([
        import("node:fs"),
        import("node:tls"),
      ]);
      let current: CertificateAndKey | undefined;
      /** @returns the certificate where it is a new one */
      const read = (): CertificateAndKey | undefined => {
        try {
          const found = { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
          if (current && found.certificate === current.certificate && found.key === current.key) return undefined;
          reads?.inc();
          createSecureContext({ cert: found.certificate, key: found.key });
          return (current = found);
        } catch (error) {
          failures?.inc();
          throw new Error(
            `certificate ${certificate} with key ${key}: ${(error as Error).message}; both must exist, in PEM, and belong together`,
            { cause: error },
          );
        }
      };
      const first = read()!;
      const look = (): void => {
        try {
          const found = read();
          if (!found) return;
          log.info({ certificate }, "Certificate reloaded");
          changed(found);
        } catch (error) {
          log.error({ err: error }, "Certificate not reloaded, the old one stays in use");
        }
      };
      const watchers = [...new Set([dirname(certificate), dirname(key)])].flatMap((directory): FSWatcher[] => {
        try {
          // The directory is watched, not the file: a file that is replaced takes its watch along.
          return [watch(directory, { persistent: false }, look).on("error", () => {})];
        } catch (error) {
          log.debug({ err: error, directory }, "Directory cannot be watched, it is read at intervals");
          return [];
        }
      });
      let cancel = (): void => {};
      const tick = (): void => {
        cancel = clock.setTimer(
          () => {
            look();
            tick();
          },
          intervalMs,
          { keepAlive: false },
        );
      };
      const stop = (): void => {
        cancel();
        for (const watcher of watchers) watcher.close();
      };
      if (signal.aborted) stop();
      else {
        tick();
        signal.addEventListener("abort", stop, { once: true });
      }
      return first;
    },
  };
}
