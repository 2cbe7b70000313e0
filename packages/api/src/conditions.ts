/** One aspect of an object's state, as its controller sees it. Source: meta/v1 `Condition`. */
export interface Condition {
  /** CamelCase, unique in its list: `Ready`. */
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** Generation of the object this was judged on; older than the object's own means outdated. */
  readonly observedGeneration?: number;
  /** RFC 3339: when `status` last changed, not when the rest did. */
  readonly lastTransitionTime: string;
  /** CamelCase, for programs: why `status` is what it is. */
  readonly reason: string;
  /** For people; may be empty. */
  readonly message: string;
}
