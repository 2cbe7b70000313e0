import { objectOf } from "@homeostat/api";
import { PrometheusRule } from "../../platform/kinds.ts";
import type { InstanceInput } from "../input.ts";
import { type AlertOptions, alerts } from "./alerts.ts";
import { recordingRules } from "./recording-rules.ts";

type Labels = Readonly<Record<string, string>>;

export interface RulePlan {
  readonly labels: Labels;
  /** The user's; the operator's own win. */
  readonly extraLabels: Labels | undefined;
  readonly jobs: AlertOptions["jobs"];
}

/** Alerts and recording rules of one instance, over the labels that its ServiceMonitors give the series. */
export function prometheusRule(
  { name, namespace }: Pick<InstanceInput, "name" | "namespace">,
  { labels, extraLabels, jobs }: RulePlan,
): PrometheusRule {
  const filter = `cluster="${name}", namespace="${namespace}"`;
  return objectOf(PrometheusRule, {
    metadata: {
      name: `${name}-prometheus-rule`,
      labels: { ...extraLabels, ...labels, "openshift.io/prometheus-rule-evaluation-scope": "leaf-prometheus" },
    },
    spec: {
      groups: [
        { name: `tempo_alerts_${name}_${namespace}`, rules: alerts({ filter, jobs }) },
        { name: `tempo_rules_${name}_${namespace}`, rules: recordingRules(filter) },
      ],
    },
  });
}
