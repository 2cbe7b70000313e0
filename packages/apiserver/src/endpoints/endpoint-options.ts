import type { Authorizer } from "../auth/authorizer.ts";
import type { Reviews } from "../auth/reviews.ts";
import type { Engine } from "../registry/engine.ts";

export interface EndpointOptions {
  readonly engine: Engine;
  /** Asked again by a PUT or an apply that creates. */
  readonly authorize: Authorizer;
  /** Kinds that are answered and never stored. */
  readonly reviews: Reviews;
  /** Frames a watch may queue. */
  readonly watchBuffer: number;
  /** Bytes the reader of a watch may leave untaken. */
  readonly watchBufferBytes: number;
  /** In [0, 1), for spreading the ends of watches. */
  readonly random: () => number;
}
