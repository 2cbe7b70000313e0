import { type LabelSelector, objectOf } from "@homeostat/api";
import { GrafanaDatasource } from "../../platform/kinds.ts";

export interface DatasourcePlan {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Which Grafana instances get it. Default: all. */
  readonly instanceSelector: LabelSelector | undefined;
  readonly url: string;
}

/** Tempo as a data source of Grafana. */
export function grafanaDatasource({ name, labels, instanceSelector = {}, url }: DatasourcePlan): GrafanaDatasource {
  return objectOf(GrafanaDatasource, {
    metadata: { name, labels },
    spec: {
      instanceSelector,
      allowCrossNamespaceImport: true,
      datasource: { name, type: "tempo", access: "proxy", url },
    },
  });
}
