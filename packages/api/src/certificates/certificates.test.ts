import { X509Certificate } from "node:crypto";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import { type CertificateAuthority, createCertificateAuthority, loadCertificateAuthority } from "./certificates.ts";

const options = { clock: systemClock };
const authority = createCertificateAuthority(options);

/** Connects a client to a server under `host` and tells how each sees the other. */
async function handshake(ca: CertificateAuthority, host: string): Promise<{ server: string; client: string }> {
  const server = createServer({
    ...pair(
      ca.issue({
        commonName: "kube-apiserver",
        usage: "server",
        hosts: ["localhost", "127.0.0.1", "::1", "kubernetes.default.svc"],
      }),
    ),
    ca: ca.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const accepted = new Promise<TLSSocket>((resolve) => server.on("secureConnection", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const client = connect({
    ...pair(ca.issue({ commonName: "jane", organizations: ["a", "b"], usage: "client" })),
    ...{ port, host: "127.0.0.1", ca: authority.certificate },
    checkServerIdentity: (_, certificate) => {
      const ok = new X509Certificate(certificate.raw)[/^[\d.]+$|:/.test(host) ? "checkIP" : "checkHost"](host);
      return ok ? undefined : new Error(`the certificate is not for ${host}`);
    },
  });
  try {
    await new Promise<void>((resolve, reject) => client.once("secureConnect", resolve).once("error", reject));
    const socket = await accepted;
    const subject = socket.getPeerCertificate().subject as unknown as { CN: string; O: string[] };
    return { server: client.getPeerCertificate().subject.CN as string, client: `${subject.CN} ${subject.O}` };
  } finally {
    client.destroy();
    server.close();
  }
}

const pair = ({ certificate, key }: { certificate: string; key: string }) => ({ cert: certificate, key });

describe("certificates", () => {
  it.each(["localhost", "127.0.0.1", "::1", "kubernetes.default.svc"])(
    "let a client and a server trust each other under %s",
    async (host) => {
      expect(await handshake(authority, host)).toEqual({ server: "kube-apiserver", client: "jane a,b" });
    },
  );

  it("serve and call when issued for both", () => {
    const { certificate } = authority.issue({ commonName: "x", usage: ["server", "client"], hosts: ["localhost"] });
    expect(new X509Certificate(certificate).keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  });

  it("are not trusted under another name", async () => {
    await expect(handshake(authority, "example.com")).rejects.toThrow("not for example.com");
  });

  it("are not trusted when another authority signed them", async () => {
    await expect(handshake(createCertificateAuthority(options), "localhost")).rejects.toThrow(
      /signature|self-signed|issuer/,
    );
  });

  it("verify against their authority and carry their names", () => {
    const ca = new X509Certificate(authority.certificate);
    const leaf = new X509Certificate(
      authority.issue({
        commonName: "x",
        usage: "server",
        hosts: ["localhost", "127.0.0.1", "::1", "kubernetes.default.svc"],
      }).certificate,
    );
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.subjectAltName).toBe(
      "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:kubernetes.default.svc",
    );
  });

  it("are valid in the time of their clock, beyond 2050 too", () => {
    const start = Date.UTC(2049, 11, 1);
    const later = createCertificateAuthority({ clock: { ...systemClock, now: () => start } });
    const certificate = new X509Certificate(later.issue({ commonName: "x", usage: "client" }).certificate);
    expect(certificate.validFromDate.getTime()).toBe(start - 5 * 60_000);
    expect(certificate.validToDate.getTime()).toBe(start + 365 * 24 * 3_600_000);
  });

  it("come from an authority that was kept as from a new one", async () => {
    const { certificate, key } = authority;
    const kept = loadCertificateAuthority(options, { certificate, key });
    expect(await handshake(kept, "localhost")).toEqual({ server: "kube-apiserver", client: "jane a,b" });
  });

  it("need an authority whose key is its own", () => {
    const other = createCertificateAuthority(options);
    expect(() => loadCertificateAuthority(options, { certificate: authority.certificate, key: other.key })).toThrow(
      "another one's",
    );
  });
});
