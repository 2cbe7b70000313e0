import { systemClock } from "@homeostat/api";
import {
  type CertificateAndKey,
  createCertificateAuthority,
  loadCertificateAuthority,
} from "@homeostat/api/certificates";
import type { UserInfo } from "../auth/user-info.ts";

/** The one name in client certificates by which other servers know this one. */
const commonName = "front-proxy-client";

/** How other servers can tell that a request comes from this one, and for whom it is. Source: kube-apiserver, `--requestheader-…`. */
export interface FrontProxy {
  /** Keys of the ConfigMap that other servers read at their start. */
  readonly configuration: Readonly<Record<string, string>>;
  /** What this server shows to the others; made when it is first needed. */
  certificate(): CertificateAndKey;
}

/**
 * An authority of its own: nobody else's certificate may pass for the server's, or its bearer could be anyone.
 * @param kept default: a new one
 */
export function createFrontProxy(
  randomBytes: (count: number) => Uint8Array,
  kept: CertificateAndKey | undefined,
): FrontProxy {
  // Certificates are checked by others, at the machine's time.
  const options = { clock: systemClock, randomBytes };
  const authority = kept
    ? loadCertificateAuthority(options, kept)
    : createCertificateAuthority(options, "front-proxy-ca");
  let issued: CertificateAndKey | undefined;
  return {
    configuration: {
      "requestheader-allowed-names": JSON.stringify([commonName]),
      "requestheader-client-ca-file": authority.certificate,
      "requestheader-extra-headers-prefix": JSON.stringify(["X-Remote-Extra-"]),
      "requestheader-group-headers": JSON.stringify(["X-Remote-Group"]),
      "requestheader-uid-headers": JSON.stringify(["X-Remote-Uid"]),
      "requestheader-username-headers": JSON.stringify(["X-Remote-User"]),
    },
    certificate: () => (issued ??= authority.issue({ commonName, usage: "client" })),
  };
}

/** The headers that say for whom a request is made. */
export function remoteUserHeaders({ username, uid, groups, extra = {} }: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    "x-remote-user": onTheWire(username),
    "x-remote-group": groups.map(onTheWire),
  };
  if (uid) headers["x-remote-uid"] = onTheWire(uid);
  for (const [key, values] of Object.entries(extra))
    headers[`x-remote-extra-${headerKey(key)}`] = values.map(onTheWire);
  return headers;
}

/** Node writes a byte for each character; other servers read UTF-8. */
function onTheWire(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Percent-encodes what names of headers cannot hold. Source: client-go, transport `headerKeyEscape`. */
function headerKey(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      const isPlain = /[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(character);
      return isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}
