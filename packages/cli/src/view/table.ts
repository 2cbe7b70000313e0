import { pad, textWidth, truncate } from "./text.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Share of the columns taken away when there is not enough room; 0 (default): keeps its width. */
  readonly shrink?: number;
  /** Left out on terminals narrower than this. Default: never. */
  readonly from?: number;
}

export interface Cell {
  readonly text: string;
  /** Applied after the text was cut and padded. */
  readonly style?: (text: string) => string;
}

export type Row = readonly (Cell | string)[];

const gap = 2;
const minWidth = 6;

/** The title line and one line per row, each at most `width` columns wide. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly Row[],
  { width, titleStyle = (text) => text }: { readonly width: number; readonly titleStyle?: (text: string) => string },
): string[] {
  const shown = columns.flatMap((column, index) => (width >= (column.from ?? 0) ? [index] : []));
  const kept = shown.map((index) => columns[index]!);
  const cells = rows.map((row) => shown.map((index) => cellOf(row[index] ?? "")));
  const natural = kept.map(({ title }, index) =>
    Math.max(textWidth(title), ...cells.map((row) => textWidth(row[index]!.text))),
  );
  const widths = fit(kept, natural, width - gap * (kept.length - 1));
  const line = (row: readonly Cell[]): string => {
    const parts = row.map(({ text, style }, index) => {
      const cut = truncate(text, widths[index]!);
      // Nothing follows the last one, so it needs no padding.
      const padded =
        index === row.length - 1 && kept[index]!.align !== "right" ? cut : pad(cut, widths[index]!, kept[index]!.align);
      return style ? style(padded) : padded;
    });
    return parts.join(" ".repeat(gap)).trimEnd();
  };
  return [titleStyle(line(kept.map(({ title }) => ({ text: title })))), ...cells.map(line)];
}

const cellOf = (cell: Cell | string): Cell => (typeof cell === "string" ? { text: cell } : cell);

/** Takes what is too much from the columns that may shrink, by their shares; and from the last ones where that fails. */
function fit(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, one) => sum + one, 0);
  for (let excess = total() - width; excess > 0; excess = total() - width) {
    const able = columns.flatMap(({ shrink = 0 }, index) => (shrink > 0 && widths[index]! > minWidth ? [index] : []));
    if (able.length === 0) break;
    const shares = able.reduce((sum, index) => sum + columns[index]!.shrink! * widths[index]!, 0);
    for (const index of able) {
      const part = Math.ceil((excess * columns[index]!.shrink! * widths[index]!) / shares);
      widths[index] = Math.max(minWidth, widths[index]! - part);
    }
  }
  for (let index = widths.length - 1, excess = total() - width; index >= 0 && excess > 0; index--) {
    const part = Math.min(excess, widths[index]!);
    widths[index]! -= part;
    excess -= part;
  }
  return widths;
}
