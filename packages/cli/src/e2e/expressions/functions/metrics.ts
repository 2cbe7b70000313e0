import type { Json } from "@homeostat/api";

const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const labelPair = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/**
 * Prometheus' text format as a list of `{metric, value}`, where `metric` holds the labels and the name as `__name__`.
 *
 * Source: Prometheus, "Exposition formats".
 */
export function decodeMetrics(text: string): Json {
  const samples: Json[] = [];
  for (const line of text.split("\n").map((candidate) => candidate.trim())) {
    if (line === "" || line.startsWith("#")) continue;
    const match = sample.exec(line);
    if (!match) throw new Error(`x_metrics_decode: cannot read ${JSON.stringify(line)}`);
    const labels = [...(match[2] ?? "").matchAll(labelPair)].map(([, name, value]) => [name, unescaped(value!)]);
    samples.push({ metric: { __name__: match[1]!, ...Object.fromEntries(labels) }, value: numberOf(match[3]!) });
  }
  return samples;
}

const unescaped = (text: string): string => text.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));

/** JSON has no infinities: they stay text. */
function numberOf(text: string): Json {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}
