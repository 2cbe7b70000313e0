import type { CertificateAndKey } from "@homeostat/api/certificates";

/** Where a TLS server has its certificate from. See `certificateFiles` and `selfManagedCertificates`. */
export interface CertificateSource {
  /**
   * Called once, when the server starts.
   * @param changed called with every later certificate until `signal` is aborted; never with a broken one
   * @returns the certificate to begin with; waits for one that can still come
   * @throws what makes it impossible to have one; the server does not start then
   */
  start(changed: (certificate: CertificateAndKey) => void, signal: AbortSignal): Promise<CertificateAndKey>;
}

/** One certificate for good: for tests and programs that live shortly. */
export const fixedCertificate = (certificate: CertificateAndKey): CertificateSource => ({
  start: async () => certificate,
});
