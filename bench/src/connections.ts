import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type Transport } from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";
import { connect, createHttpTransport, type HttpTransport } from "@homeostat/runtime";
import { type Child, type ChildOptions, startChild } from "./child.ts";

/** A server in a process of its own, and our client of it. */
export interface Served extends AsyncDisposable {
  readonly child: Child;
  readonly transport: HttpTransport;
}

/** One of our servers. */
export async function startServer(program: "api-server" | "dev-cluster", options?: ChildOptions): Promise<Served> {
  const child = await startChild(program, options);
  const transport = connectTo(child);
  return served(child, transport);
}

/** The client of a server that was started with {@link startChild}. */
export function connectTo(child: Child): HttpTransport {
  const host = { env: {}, homeDir: "/", workDir: "/", windows: false, readFile: () => child.ready["kubeconfig"]! };
  return connect({ kubeconfig: "/kubeconfig", host }).transport;
}

/** `node:https` and nothing else, with the same client. */
export async function startBareServer(folder: Folder): Promise<Served> {
  const { child, certificateAuthority } = await startBareChild(folder);
  return served(child, createHttpTransport({ server: child.ready["url"]!, ca: certificateAuthority }));
}

/** The same without its client. */
export async function startBareChild(
  folder: Folder,
): Promise<{ readonly child: Child; readonly certificateAuthority: string }> {
  const { certificateAuthority, path } = writeCertificate(folder);
  return { child: await startChild("https-server", { arguments: [path] }), certificateAuthority };
}

/** A server of so many ConfigMaps. `authority` is the path of a file. */
export async function startListServer(
  folder: Folder,
  count: string,
  how: "stream" | "pages",
): Promise<{ readonly child: Child; readonly authority: string }> {
  const { certificateAuthority, path } = writeCertificate(folder, how);
  const authority = folder.write(`authority-${how}.pem`, certificateAuthority);
  return { child: await startChild("list-server", { arguments: [path, count, how] }), authority };
}

function writeCertificate(folder: Folder, name = "bare"): { certificateAuthority: string; path: string } {
  const { certificate: certificateAuthority, issue } = createCertificateAuthority({ clock: systemClock });
  const { key, certificate: cert } = issue({ commonName: name, usage: "server", hosts: ["127.0.0.1"] });
  return { certificateAuthority, path: folder.write(`certificate-${name}.json`, JSON.stringify({ key, cert })) };
}

function served(child: Child, transport: HttpTransport): Served {
  return {
    child,
    transport,
    async [Symbol.asyncDispose]() {
      transport.close();
      await child[Symbol.asyncDispose]();
    },
  };
}

/** Sends a request and reads the whole answer. @throws Error where it is no success */
export async function call(
  transport: Transport,
  method: string,
  path: string,
  body?: string | Uint8Array,
  contentType = "application/json",
): Promise<Uint8Array> {
  const headers = { accept: "application/json", ...(body === undefined ? {} : { "content-type": contentType }) };
  const response = await transport({ method, path, headers, ...(body === undefined ? {} : { body }) });
  const bytes = await response.bytes();
  if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${Buffer.from(bytes)}`);
  return bytes;
}

/** A folder for the time of a scenario. */
export interface Folder extends Disposable {
  readonly path: string;
  /** @returns path of the file */
  write(name: string, content: string): string;
}

export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "homeostat-bench-"));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      writeFileSync(file, content, { mode: 0o600 });
      return file;
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Disposes of what a scenario has opened, last first. */
export function closing(...things: readonly (AsyncDisposable | Disposable)[]): () => Promise<void> {
  return async () => {
    for (const thing of things.toReversed()) {
      if (Symbol.asyncDispose in thing) await thing[Symbol.asyncDispose]();
      else thing[Symbol.dispose]();
    }
  };
}
