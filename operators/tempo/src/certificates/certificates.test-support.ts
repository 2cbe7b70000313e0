import { createPrivateKey, X509Certificate } from "node:crypto";
import { type Clock, type ConfigMap, createVirtualClock, type KubeObject, type Secret } from "@homeostat/api";
import type { Child } from "@homeostat/runtime";
import { communitySettings } from "../settings/operator-settings.ts";
import { isValidAt, readBundle } from "./authority-bundle.ts";
import { stackCertificates } from "./component-certificates.ts";
import {
  authoritySecretName,
  bundleConfigMapName,
  type IssuedCertificates,
  issueCertificates,
} from "./issue-certificates.ts";

export const hourMs = 3_600_000;
export const owner = { name: "simplest", namespace: "traces" };
export const components = stackCertificates(owner.name, owner.namespace);

/** What the cluster holds of an instance's certificates: each object as JSON, as it was written last. */
export class World {
  readonly clock: Clock & { set(now: number): void };
  readonly objects = new Map<string, KubeObject>();
  /** How often an object was written. */
  writes = 0;

  constructor(now = Date.UTC(2026, 0, 1)) {
    let time = now;
    this.clock = { ...createVirtualClock(), now: () => time, set: (next) => (time = next) };
  }

  get existing() {
    const { name } = owner;
    const certs = [...this.objects].filter(([key]) => key.endsWith("-mtls")) as [string, Secret][];
    return {
      ca: this.objects.get(authoritySecretName(name)) as Secret | undefined,
      bundle: this.objects.get(bundleConfigMapName(name)) as ConfigMap | undefined,
      certs: new Map(certs),
    };
  }

  /** What a reconcile does: issues, and writes what is not there like this. */
  reconcile(validity = communitySettings.certificates): IssuedCertificates {
    const issued = issueCertificates({ owner, components, existing: this.existing, validity, clock: this.clock });
    for (const { object } of (issued.certificates.objects as (Child | KubeObject)[]).map(asChild)) {
      const name = object.metadata!.name!;
      if (JSON.stringify(this.objects.get(name)) === JSON.stringify(object)) continue;
      this.objects.set(name, object);
      this.writes++;
    }
    return issued;
  }

  /** What pods that are started now have mounted. */
  mounted(): Mounted {
    const { bundle, certs } = this.existing;
    return {
      trusted: readBundle(bundle!.data!["service-ca.crt"]!).certificates,
      shown: [...certs].map(([name, { data }]) => ({ name, ...pemOf(data!) })),
    };
  }
}

const asChild = (object: KubeObject | Child): Child =>
  "object" in object ? (object as Child) : ({ object } as unknown as Child);

export interface Mounted {
  readonly trusted: readonly X509Certificate[];
  readonly shown: readonly { readonly name: string; readonly certificate: string; readonly key: string }[];
}

export function pemOf(data: Readonly<Record<string, string>>) {
  const [certificate, key] = ["tls.crt", "tls.key"].map((entry) => Buffer.from(data[entry]!, "base64").toString());
  return { certificate: certificate!, key: key! };
}

/** Names of certificates of `other` that pods with `mine` would refuse at `now`. */
export function refused(mine: Mounted, other: Mounted, now: number): readonly string[] {
  const authorities = mine.trusted.filter((each) => each.ca && isValidAt(each, now));
  return other.shown.flatMap(({ name, certificate, key }) => {
    const parsed = new X509Certificate(certificate);
    const fine =
      isValidAt(parsed, now) &&
      parsed.checkPrivateKey(createPrivateKey(key)) &&
      parsed.checkHost(`${name.replace(/-mtls$/, "")}.${owner.namespace}.svc.cluster.local`) !== undefined &&
      authorities.some((each) => parsed.checkIssued(each) && parsed.verify(each.publicKey));
    return fine ? [] : [name];
  });
}
