import picocolors from "picocolors";

/** How meaning looks. Texts mean the same without it. */
export interface Palette {
  title(text: string): string;
  strong(text: string): string;
  quiet(text: string): string;
  good(text: string): string;
  odd(text: string): string;
  bad(text: string): string;
}

export function createPalette({ colors }: { readonly colors: boolean }): Palette {
  const { bold, cyan, dim, green, yellow, red } = picocolors.createColors(colors);
  return { title: (text) => bold(cyan(text)), strong: bold, quiet: dim, good: green, odd: yellow, bad: red };
}

export const noColors: Palette = createPalette({ colors: false });
