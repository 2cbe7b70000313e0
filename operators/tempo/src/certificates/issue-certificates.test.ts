import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { Secret } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { communitySettings } from "../settings/operator-settings.ts";
import { components, hourMs, pemOf, refused, World } from "./certificates.test-support.ts";
import { monolithicCertificates } from "./component-certificates.ts";
import { annotationKeys } from "./life.ts";

const start = Date.UTC(2026, 0, 1);
const ingester = "tempo-simplest-ingester-mtls";
const secretOf = (world: World, name: string) => world.objects.get(name) as Secret;
const certificateOf = (world: World, name: string) =>
  new X509Certificate(pemOf(secretOf(world, name).data!).certificate);

/** A world with certificates in it, `ageMs` after they were made. */
function aged(ageMs: number, validity = communitySettings.certificates): World {
  const world = new World(start);
  world.reconcile(validity);
  world.clock.set(start + ageMs);
  world.writes = 0;
  return world;
}

function edit(
  world: World,
  name: string,
  change: (secret: { metadata: NonNullable<Secret["metadata"]>; data: Record<string, string> }) => unknown,
) {
  const copy = structuredClone(world.objects.get(name)) as unknown as Parameters<typeof change>[0];
  change(copy);
  world.objects.set(name, copy);
}

const without = (annotations: Secret["metadata"], key: string) =>
  Object.fromEntries(Object.entries(annotations?.annotations ?? {}).filter(([each]) => each !== key));

describe("6.10 component certificates", () => {
  it("are seven for a stack, whatever runs, and one for a TempoMonolithic", () => {
    expect(components.map(({ secretName }) => secretName)).toEqual([
      "tempo-simplest-distributor-mtls",
      "tempo-simplest-ingester-mtls",
      "tempo-simplest-querier-mtls",
      "tempo-simplest-query-frontend-mtls",
      "tempo-simplest-compactor-mtls",
      "tempo-simplest-gateway-mtls",
      "tempo-simplest-metrics-generator-mtls",
    ]);
    expect(monolithicCertificates("my.tempo", "traces")).toEqual([
      {
        secretName: "tempo-my-tempo-mtls",
        hosts: ["localhost", "tempo-my-tempo.traces.svc.cluster.local", "tempo-my-tempo.traces.svc"],
      },
    ]);
  });

  it("say who they are for, and who signed them", () => {
    const world = aged(0);
    const certificate = certificateOf(world, ingester);
    const authority = certificateOf(world, "tempo-simplest-signing-ca");
    expect(authority.subject).toBe(`CN=traces_tempo-simplest-signing-ca@${start / 1000}`);
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(certificate.subject).toBe("O=system:logging\nCN=system:tempostacks");
    expect(certificate.issuer).toBe(authority.subject);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(certificate.subjectAltName).toBe(
      "DNS:localhost, DNS:tempo-simplest-ingester.traces.svc.cluster.local, DNS:tempo-simplest-ingester.traces.svc",
    );
  });

  it("are in Secrets with the common labels and what is decided by", () => {
    const world = aged(0);
    expect(secretOf(world, ingester)).toMatchObject({
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/tls",
      metadata: {
        labels: {
          "app.kubernetes.io/name": "tempo",
          "app.kubernetes.io/instance": "simplest",
          "app.kubernetes.io/managed-by": "tempo-operator",
        },
        annotations: {
          "tempo.grafana.com/certificate-not-before": "2026-01-01T00:00:00Z",
          "tempo.grafana.com/certificate-not-after": "2026-04-01T00:00:00Z",
          "tempo.grafana.com/certificate-issuer": `traces_tempo-simplest-signing-ca@${start / 1000}`,
          "tempo.grafana.com/certificate-hostnames":
            "localhost,tempo-simplest-ingester.traces.svc,tempo-simplest-ingester.traces.svc.cluster.local",
        },
      },
    });
    expect(Object.keys(secretOf(world, ingester).data!)).toEqual(["tls.crt", "tls.key"]);
    expect(secretOf(world, ingester).metadata!.namespace).toBeUndefined();
  });

  it("let two components call each other over TLS that both sides check", async () => {
    const world = new World(Date.now());
    world.reconcile();
    const ca = world.existing.bundle!.data!["service-ca.crt"]!;
    const tlsOf = (name: string) => {
      const { certificate, key } = pemOf(secretOf(world, name).data!);
      return { cert: certificate, key, ca };
    };
    const server = createServer({ ...tlsOf(ingester), requestCert: true, rejectUnauthorized: true });
    const accepted = new Promise<TLSSocket>((resolve) => server.on("secureConnection", resolve));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const servername = "tempo-simplest-ingester.traces.svc.cluster.local";
    const client = connect({ ...tlsOf("tempo-simplest-querier-mtls"), port, host: "127.0.0.1", servername });
    try {
      await new Promise<void>((resolve, reject) => client.once("secureConnect", resolve).once("error", reject));
      expect((await accepted).authorized).toBe(true);
      expect(client.authorized).toBe(true);
    } finally {
      client.destroy();
      server.close();
    }
  });
});

describe("6.10 renewal", () => {
  it("writes nothing while nothing is due", () => {
    const world = aged(1727 * hourMs);
    const before = world.reconcile();
    expect([before.renewals, world.writes]).toEqual([[], 0]);
    expect(before.nextRotation).toBe(start + 1728 * hourMs);
  });

  it("renews components after the refresh, and the authority not", () => {
    const world = aged(1728 * hourMs);
    const { hash } = world.reconcile().certificates;
    expect(world.writes).toBe(7);
    expect(certificateOf(world, ingester).validFromDate.getUTCMonth()).toBe(2);
    expect(world.reconcile().certificates.hash).toBe(hash);
  });

  it("renews at 80 % of the life where the refresh comes later", () => {
    const validity = { ...communitySettings.certificates, certRefresh: 2000 * hourMs };
    const world = aged(1728 * hourMs, validity);
    world.reconcile(validity);
    expect(world.writes).toBe(7);
  });

  it("waits for the end where validity and refresh are equal", () => {
    const validity = { ...communitySettings.certificates, certRefresh: 2160 * hourMs };
    const world = aged(2159 * hourMs, validity);
    expect(world.reconcile(validity).renewals).toEqual([]);
    world.clock.set(start + 2160 * hourMs);
    expect(world.reconcile(validity).renewals[0]).toBe(
      "certificate tempo-simplest-distributor-mtls issued: it has ended",
    );
  });

  it("lets every pod trust a new authority before anything it signed is shown", () => {
    const validity = { ...communitySettings.certificates, certValidity: 200 * hourMs, certRefresh: 100 * hourMs };
    const world = aged(0, validity);
    for (let age = 64; age < 35_064; age += 100) {
      world.clock.set(start + age * hourMs);
      world.reconcile(validity);
    }
    const shown = certificateOf(world, ingester).serialNumber;
    world.clock.set(start + 35_064 * hourMs);
    expect(world.reconcile(validity).renewals).toEqual([
      "authority tempo-simplest-signing-ca issued: its time has come",
    ]);
    // The certificates are due, too, but the authority is younger than a tenth of the refresh.
    world.clock.set(start + 35_073 * hourMs);
    expect(world.reconcile(validity).renewals).toEqual([]);
    expect(certificateOf(world, ingester).serialNumber).toBe(shown);
    world.clock.set(start + 35_074 * hourMs);
    expect(world.reconcile(validity).renewals).toHaveLength(7);
    expect(certificateOf(world, ingester).issuer).toContain(`@${start / 1000 + 35_064 * 3600}`);
  });

  it("cuts a certificate's life to that of who signs", () => {
    const validity = { ...communitySettings.certificates, caValidity: 100 * hourMs, caRefresh: 100 * hourMs };
    const world = aged(0, validity);
    expect(certificateOf(world, ingester).validTo).toBe(certificateOf(world, "tempo-simplest-signing-ca").validTo);
  });

  it("keeps earlier authorities in the bundle until they end", () => {
    const world = aged(35_064 * hourMs);
    const first = certificateOf(world, "tempo-simplest-signing-ca");
    const ended = start + 43_830 * hourMs;
    expect(world.reconcile().nextRotation).toBeLessThan(ended);
    expect(world.mounted().trusted.map(({ fingerprint256 }) => fingerprint256)).toEqual([
      certificateOf(world, "tempo-simplest-signing-ca").fingerprint256,
      first.fingerprint256,
    ]);
    world.clock.set(ended);
    world.reconcile();
    expect(world.mounted().trusted).toHaveLength(1);
  });

  it.each<[string, string, Parameters<typeof edit>[2]]>([
    [
      "not-before is missing",
      "its annotations do not say how long it is good",
      (secret) =>
        (secret.metadata = { ...secret.metadata, annotations: without(secret.metadata, annotationKeys.notBefore) }),
    ],
    [
      "not-after is no time",
      "its annotations do not say how long it is good",
      ({ metadata }) => Object.assign(metadata.annotations!, { [annotationKeys.notAfter]: "soon" }),
    ],
    [
      "not-after has passed",
      "it has ended",
      ({ metadata }) => Object.assign(metadata.annotations!, { [annotationKeys.notAfter]: "2025-01-01T00:00:00Z" }),
    ],
    [
      "the issuer is not in the bundle",
      "elsewhere is not trusted",
      ({ metadata }) => Object.assign(metadata.annotations!, { [annotationKeys.issuer]: "elsewhere" }),
    ],
    [
      "the issuer is missing",
      "its issuer is not trusted",
      (secret) =>
        (secret.metadata = { ...secret.metadata, annotations: without(secret.metadata, annotationKeys.issuer) }),
    ],
    [
      "host names differ",
      "its host names are others",
      ({ metadata }) => Object.assign(metadata.annotations!, { [annotationKeys.hostnames]: "localhost" }),
    ],
    ["the certificate is damaged", "its certificate and key cannot be used", ({ data }) => (data["tls.crt"] = "AAAA")],
    [
      "the key is another one's",
      "its certificate and key cannot be used",
      ({ data }) =>
        (data["tls.key"] = Buffer.from(
          generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }),
        ).toString("base64")),
    ],
    ["data is empty", "its certificate and key cannot be used", (secret) => (secret.data = {})],
  ])("renews one component alone when %s", (_, why, change) => {
    const world = aged(hourMs);
    edit(world, ingester, change);
    expect(world.reconcile().renewals).toEqual([`certificate ${ingester} issued: ${why}`]);
    expect(world.writes).toBe(1);
    expect(refused(world.mounted(), world.mounted(), world.clock.now())).toEqual([]);
  });

  it("renews what an authority of the same name signed that nobody trusts", () => {
    const world = aged(0);
    const stranger = aged(0);
    world.objects.set(ingester, stranger.objects.get(ingester)!);
    expect(world.reconcile().renewals).toEqual([`certificate ${ingester} issued: nobody trusts who signed it`]);
  });

  it("keeps components' certificates when the authority's Secret is lost, as they are trusted still", () => {
    const world = aged(hourMs);
    world.objects.delete("tempo-simplest-signing-ca");
    expect(world.reconcile().renewals).toEqual(["authority tempo-simplest-signing-ca issued: there is none"]);
    expect(refused(world.mounted(), world.mounted(), world.clock.now())).toEqual([]);
  });

  it("takes over from the RSA authority of the Go operator, which stays trusted", () => {
    const world = aged(hourMs);
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    edit(world, "tempo-simplest-signing-ca", ({ data }) => (data["tls.key"] = Buffer.from(pem).toString("base64")));
    expect(world.reconcile().renewals).toEqual([
      "authority tempo-simplest-signing-ca issued: its key is of a kind that is not signed with here",
    ]);
    expect(world.mounted().trusted).toHaveLength(2);
  });

  it("goes on trusting the authority it replaces, where the bundle is lost", () => {
    const world = aged(35_064 * hourMs);
    for (const { secretName } of components) world.objects.delete(secretName);
    world.clock.set(start + 35_063 * hourMs);
    world.reconcile();
    const lagging = world.mounted();
    world.objects.delete("tempo-simplest-ca-bundle");
    world.clock.set(start + 35_064 * hourMs);
    expect(world.reconcile().renewals).toEqual(["authority tempo-simplest-signing-ca issued: its time has come"]);
    expect(refused(world.mounted(), lagging, world.clock.now())).toEqual([]);
    expect(refused(lagging, world.mounted(), world.clock.now())).toEqual([]);
  });

  it("leaves annotations and data of others alone, and asks for its own only", () => {
    const world = aged(hourMs);
    edit(world, ingester, ({ metadata, data }) => {
      Object.assign(metadata.annotations!, { "example.com/team": "tracing" });
      data["ca.crt"] = "AAAA";
    });
    expect(world.reconcile().renewals).toEqual([]);
    const { metadata, data } = secretOf(world, ingester);
    expect([Object.keys(metadata!.annotations!).length, Object.keys(data!)]).toEqual([5, ["tls.crt", "tls.key"]]);
  });

  it("hashes every certificate", () => {
    const world = aged(hourMs);
    const hashes = new Set([world.reconcile().certificates.hash]);
    for (const { secretName } of components) {
      world.objects.delete(secretName);
      hashes.add(world.reconcile().certificates.hash);
    }
    expect(hashes.size).toBe(components.length + 1);
    expect([...hashes][0]).toHaveLength(createHash("sha256").digest("hex").length);
  });

  it("makes a bundle again that was emptied or filled with other text", () => {
    const world = aged(hourMs);
    const before = world.existing.bundle!;
    for (const text of [
      "",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      `${before.data!["service-ca.crt"]}-----BEGIN`,
    ]) {
      world.objects.set("tempo-simplest-ca-bundle", { ...before, data: { "service-ca.crt": text } } as never);
      expect(world.reconcile().renewals).toEqual([]);
      expect(world.existing.bundle).toEqual(before);
    }
  });
});
