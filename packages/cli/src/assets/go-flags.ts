/** Flags as programs in Go take them: `--name=value`, `--name value`, `-name=value`, or `--name` for true. */
export type GoFlags = ReadonlyMap<string, readonly string[]>;

/**
 * Reads flags of a program that takes no arguments beside them, so that what follows a flag and is none itself is its
 * value. Names are the same with `_` and `-`.
 */
export function parseGoFlags(argv: readonly string[]): GoFlags {
  const flags = new Map<string, string[]>();
  for (let at = 0; at < argv.length; at++) {
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argv[at]!);
    if (!match) continue;
    const name = match[1]!.replaceAll("_", "-");
    const next = argv[at + 1];
    const value = match[2] ?? (next === undefined || next.startsWith("-") ? "true" : argv[++at]!);
    flags.set(name, [...(flags.get(name) ?? []), value]);
  }
  return flags;
}

/** The last value given, as Go's own flags do. */
export function lastOf(flags: GoFlags, name: string): string | undefined {
  return flags.get(name)?.at(-1);
}

/** Values of a flag that may be given several times, each with several values between commas. */
export function allOf(flags: GoFlags, name: string): readonly string[] {
  return (flags.get(name) ?? []).flatMap((value) => value.split(",")).filter((value) => value !== "");
}
