import { pad, textWidth, truncate } from "./text.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** How narrow it may become where there is not enough room. Default: others give way first. */
  readonly min?: number;
  /** Left out on terminals narrower than this. Default: never. */
  readonly from?: number;
  /** Left out on terminals at least this wide. Default: never. */
  readonly below?: number;
}

export interface Cell {
  readonly text: string;
  /** Applied after the text was cut and padded. */
  readonly style?: (text: string) => string;
}

export type Row = readonly (Cell | string)[];

const gap = 2;
const leastWidth = 6;

/** The title line and one line per row, each at most `width` columns wide. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly Row[],
  { width, titleStyle = (text) => text }: { readonly width: number; readonly titleStyle?: (text: string) => string },
): string[] {
  const shown = columns.flatMap((column, index) => (isShown(column, width) ? [index] : []));
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

const isShown = ({ from = 0, below = Number.POSITIVE_INFINITY }: Column, width: number): boolean =>
  width >= from && width < below;

const cellOf = (cell: Cell | string): Cell => (typeof cell === "string" ? { text: cell } : cell);

/**
 * Takes what is too much from the columns that say how narrow they may become, by what they can spare; then from all,
 * by their widths; and where even that is not enough, from the last ones.
 */
function fit(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  let widths = squeeze(
    natural,
    columns.map(({ min }, index) => Math.min(min ?? natural[index]!, natural[index]!)),
    width,
  );
  widths = squeeze(
    widths,
    widths.map((one) => Math.min(one, leastWidth)),
    width,
  );
  for (let index = widths.length - 1, excess = sum(widths) - width; index >= 0 && excess > 0; index--) {
    const part = Math.min(excess, widths[index]!);
    widths[index]! -= part;
    excess -= part;
  }
  return widths;
}

/** Reduces widths towards their minima, each by its share of what can be spared, until they fit or nothing is left. */
function squeeze(widths: readonly number[], minima: readonly number[], width: number): number[] {
  const excess = sum(widths) - width;
  const spare = sum(widths) - sum(minima);
  if (excess <= 0 || spare <= 0) return [...widths];
  const part = Math.min(1, excess / spare);
  const reduced = widths.map((one, index) => one - Math.ceil((one - minima[index]!) * part));
  // Rounding took a little too much: the last of those that were reduced gets it back.
  const last = reduced.findLastIndex((one, index) => one < widths[index]!);
  const back = Math.max(0, Math.min(width - sum(reduced), widths[last]! - reduced[last]!));
  return reduced.map((one, index) => (index === last ? one + back : one));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
