import type { JsonObject } from "@homeostat/api";

/** Source: meta/v1 `TableColumnDefinition`. */
export interface TableColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is always shown; more only in wide views. */
  readonly priority: number;
}

/** How a kind is printed as a table. */
export interface TableColumns {
  readonly columns: readonly TableColumnDefinition[];
  /** One value per column. @param now milliseconds since the epoch, for ages */
  cells(object: JsonObject, now: number): (string | number | boolean | null)[];
  /** Row conditions, such as Completed for a finished pod. */
  conditions?(
    object: JsonObject,
  ): readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
}
