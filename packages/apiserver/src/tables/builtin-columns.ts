import { ageColumn, tableColumns } from "./column.ts";
import type { TableColumns } from "./columns.ts";
import { clusterColumns } from "./kinds/cluster.ts";
import { coreColumns } from "./kinds/core.ts";
import { networkColumns } from "./kinds/network.ts";
import { scalingColumns } from "./kinds/scaling.ts";
import { workloadColumns } from "./kinds/workloads.ts";

const byKind: Readonly<Record<string, TableColumns>> = {
  ...coreColumns,
  ...workloadColumns,
  ...scalingColumns,
  ...networkColumns,
  ...clusterColumns,
};

const nameAndAge = tableColumns(ageColumn);

/** How a built-in kind is printed: as kubectl users know it; by name and age where the kind has no table of its own. */
export function builtinColumns(group: string, kind: string): TableColumns {
  return byKind[`${group}/${kind}`] ?? nameAndAge;
}
