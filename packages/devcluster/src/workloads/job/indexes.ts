/** Sets of indexes as a Job's status writes them: `1,3-5,7`. Source: batch/v1 `JobStatus.completedIndexes`. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? "").split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (!match) continue;
    const last = Math.min(Number(match[2] ?? match[1]), completions - 1);
    for (let index = Number(match[1]); index <= last; index++) indexes.add(index);
  }
  return indexes;
}

/** Runs of three and more become ranges; a pair is written as two. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (end + 1 < sorted.length && sorted[end + 1] === sorted[end]! + 1) end++;
    if (end === start) parts.push(String(sorted[start]));
    else parts.push(`${sorted[start]}${end === start + 1 ? "," : "-"}${sorted[end]}`);
    start = end + 1;
  }
  return parts.join(",");
}
