/** The server does not serve a kind or resource; it may once its CustomResourceDefinition is there. */
export class NoKindMatchError extends Error {
  override readonly name = "NoKindMatchError";
  readonly code = "NO_KIND_MATCH";
  /** What was asked for: `example.com/v1 Widget`, `widgets.example.com`. */
  readonly asked: string;

  constructor(asked: string) {
    super(`the server does not serve ${asked}: install its CustomResourceDefinition first, or check the name`);
    this.asked = asked;
  }
}

/**
 * A kind was not found, but not everything that might have it could be asked: take its absence for no proof.
 * `failures` is by group and version (`metrics.k8s.io/v1beta1`).
 */
export class DiscoveryFailedError extends Error {
  override readonly name = "DiscoveryFailedError";
  readonly code = "DISCOVERY_FAILED";
  readonly failures: ReadonlyMap<string, Error>;

  constructor(asked: string, failures: ReadonlyMap<string, Error>) {
    const told = [...failures].map(([groupVersion, { message }]) => `${groupVersion}: ${message}`).join("; ");
    super(`cannot tell whether the server serves ${asked}: ${told}`, { cause: [...failures.values()][0] });
    this.failures = failures;
  }
}
