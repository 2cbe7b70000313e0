/**
 * Why a call failed, in the words of Go's network stack: operators' users search for them, and tests match on them.
 */
export function callFailure(
  error: NodeJS.ErrnoException,
  { host, port, serverName }: { readonly host: string; readonly port: number; readonly serverName: string },
): string {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  switch (error.code) {
    case "ECONNREFUSED":
      return `dial tcp ${address}: connect: connection refused`;
    case "EHOSTUNREACH":
      return `dial tcp ${address}: connect: no route to host`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `dial tcp: lookup ${host}: no such host`;
    case "ECONNRESET":
    case "EPIPE":
      return "EOF";
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "CERT_SIGNATURE_FAILURE":
      return unverified("certificate signed by unknown authority");
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return unverified("certificate has expired or is not yet valid");
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return unverified(`certificate is valid for ${namesOf(error)}, not ${serverName}`);
    default:
      return error.message;
  }
}

function unverified(why: string): string {
  return `tls: failed to verify certificate: x509: ${why}`;
}

/** The names in a certificate, as far as Node tells: `DNS:a, IP Address:127.0.0.1`. */
function namesOf(error: Error & { readonly cert?: { readonly subjectaltname?: string } }): string {
  const names = error.cert?.subjectaltname?.split(", ").map((name) => name.replace(/^[^:]*:/, "")) ?? [];
  return names.join(", ") || "no name";
}

/** What an answer that is no success says. Source: apimachinery `NewGenericServerResponse`. */
export function statusFailure(status: number, text: string): string {
  const body = text.trim().slice(0, 500);
  switch (status) {
    case 401:
      return "the server has asked for the client to provide credentials";
    case 403:
      return `the server does not allow access to the requested resource`;
    case 404:
      return "the server could not find the requested resource";
    case 405:
      return "the server does not allow this method on the requested resource";
    case 413:
      return "request entity too large";
    case 429:
      return "the server has received too many requests and has asked us to try again later";
    case 503:
      return "the server is currently unable to handle the request";
    default:
      return status >= 500
        ? `an error on the server (${JSON.stringify(body || "unknown")}) has prevented the request from succeeding`
        : `the server responded with the status code ${status} but did not return more information`;
  }
}
