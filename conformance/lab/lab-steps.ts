import { readFileSync } from "node:fs";

/**
 * The blocks of shell of the lab, word for word, by step: `1`, `12 delete`. Only where it keeps its scripts differs:
 * `/tmp` becomes `directory`, so that runs do not meet.
 */
export function labSteps(directory: string): ReadonlyMap<string, string> {
  const text = readFileSync(new URL("lab.sh", import.meta.url), "utf8");
  const blocks = text.split(/^#> /m).slice(1);
  return new Map(
    blocks.map((block) => {
      const end = block.indexOf("\n");
      return [block.slice(0, end), block.slice(end + 1).replaceAll("/tmp/", `${directory}/`)];
    }),
  );
}
