/** One demand on labels. Source: meta/v1 `LabelSelectorRequirement`. */
export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | (string & {});
  /** At least one for `In` and `NotIn`, none for the others. */
  readonly values?: readonly string[];
}

/** Labels an object must have; all demands must hold. An empty selector selects everything. Source: meta/v1 `LabelSelector`. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}
