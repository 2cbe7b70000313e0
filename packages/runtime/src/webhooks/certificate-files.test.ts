import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { createVirtualClock, systemClock, type VirtualClock } from "@homeostat/api";
import { type CertificateAndKey, createCertificateAuthority } from "@homeostat/api/certificates";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { certificateFiles } from "./certificate-files.ts";
import type { CertificateSource } from "./certificate-source.ts";
import { createWebhookServer } from "./webhook-server.ts";

const authority = createCertificateAuthority({ clock: systemClock });
const issue = (commonName: string): CertificateAndKey =>
  authority.issue({ commonName, usage: "server", hosts: ["127.0.0.1"] });

let directory: string;
let clock: VirtualClock;
let registry: Registry;
let stopping: AbortController;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "homeostat-certificates-"));
  clock = createVirtualClock();
  registry = new Registry();
  stopping = new AbortController();
});
afterEach(() => {
  stopping.abort();
  rmSync(directory, { recursive: true });
});

const file = (...names: string[]): string => join(directory, ...names);
function write({ certificate, key }: CertificateAndKey, ...folder: string[]): void {
  writeFileSync(file(...folder, "tls.crt"), certificate);
  writeFileSync(file(...folder, "tls.key"), key);
}
const source = (time = clock): CertificateSource =>
  certificateFiles({ certificate: file("tls.crt"), key: file("tls.key"), clock: time, registry });
const count = async (name: "total" | "errors_total"): Promise<number> => {
  const { values } = await registry.getSingleMetric(`certwatcher_read_certificate_${name}`)!.get();
  return values[0]!.value;
};

/** Common name of the certificate that a new connection is shown. */
async function shown(address: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port: Number(address.split(":")[1]), ca: authority.certificate });
  try {
    await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    return socket.getPeerCertificate().subject.CN as string;
  } finally {
    socket.destroy();
  }
}

async function served(): Promise<string> {
  const server = createWebhookServer({ address: "127.0.0.1:0", certificates: source(), clock });
  const running = server.run(stopping.signal);
  await Promise.race([server.ready(), running]);
  return server.address!;
}

describe("certificate files", () => {
  test("H10 serves files that were overwritten to new connections after 10 seconds at the latest", async () => {
    write(issue("first"));
    const address = await served();
    expect(await shown(address)).toBe("first");
    expect(await count("total")).toBe(1);
    write(issue("second"));
    await clock.advance(10_000);
    expect(await shown(address)).toBe("second");
    expect(await count("total")).toBe(2);
    expect(await count("errors_total")).toBe(0);
  });

  test("H10 serves files that others were renamed over", async () => {
    write(issue("first"));
    const address = await served();
    mkdirSync(file("new"));
    write(issue("second"), "new");
    renameSync(file("new", "tls.key"), file("tls.key"));
    renameSync(file("new", "tls.crt"), file("tls.crt"));
    await clock.advance(10_000);
    expect(await shown(address)).toBe("second");
  });

  test("H10 serves files behind a symbolic link that is swapped, as the kubelet does", async () => {
    for (const folder of ["..1", "..2"]) {
      mkdirSync(file(folder));
      write(issue(folder), folder);
    }
    symlinkSync("..1", file("..data"));
    for (const name of ["tls.crt", "tls.key"]) symlinkSync(join("..data", name), file(name));
    const address = await served();
    expect(await shown(address)).toBe("..1");
    symlinkSync("..2", file("..new"));
    renameSync(file("..new"), file("..data"));
    await clock.advance(10_000);
    expect(await shown(address)).toBe("..2");
  });

  test("H10 keeps the old certificate while the files are bad, and counts each failure", async () => {
    const first = issue("first");
    write(first);
    const address = await served();
    writeFileSync(file("tls.crt"), issue("of another key").certificate);
    await clock.advance(10_000);
    expect(await shown(address)).toBe("first");
    const errors = await count("errors_total");
    expect(errors).toBeGreaterThanOrEqual(1);
    rmSync(file("tls.crt"));
    await clock.advance(10_000);
    expect(await shown(address)).toBe("first");
    expect(await count("errors_total")).toBeGreaterThan(errors);
    write(issue("good again"));
    await clock.advance(10_000);
    expect(await shown(address)).toBe("good again");
  });

  test("H10 does not count files that stay as they are", async () => {
    write(issue("first"));
    await served();
    await clock.advance(60_000);
    expect(await count("total")).toBe(1);
    expect(await count("errors_total")).toBe(0);
  });

  test("H10 learns of a change from the file system, before any time passes", async () => {
    write(issue("first"));
    const changed = Promise.withResolvers<CertificateAndKey>();
    await source().start((certificate) => changed.resolve(certificate), stopping.signal);
    const second = issue("second");
    write(second);
    expect(await changed.promise).toEqual(second);
  });

  test("H10 does not begin without good files, naming them", async () => {
    await expect(source().start(() => {}, stopping.signal)).rejects.toThrow(file("tls.crt"));
    write({ certificate: issue("a").certificate, key: issue("b").key });
    await expect(source().start(() => {}, stopping.signal)).rejects.toThrow("belong together");
  });

  test("stops looking when it is told to", async () => {
    write(issue("first"));
    const found: CertificateAndKey[] = [];
    await source().start((certificate) => found.push(certificate), stopping.signal);
    stopping.abort();
    write(issue("second"));
    await clock.advance(60_000);
    expect(found).toEqual([]);
    expect(clock.next()).toBeUndefined();
  });
});
