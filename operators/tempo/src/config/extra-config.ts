import type { Json } from "@homeostat/api";
import { sortedYaml } from "./sorted-yaml.ts";
import { compactYaml, entriesOf, isBlock, nodeOfJson, type YamlBlock, type YamlNode } from "./yaml-text.ts";

/**
 * The text of a configuration, with what the user lays over it. Blocks merge at every level; anything else replaces
 * what was there, also by false, 0, "", an empty list or null. Without an overlay the text keeps its own form.
 */
export function withExtraConfig(config: YamlBlock, extra: Json | undefined): string {
  if (extra === undefined || extra === null) return compactYaml(config);
  const overlay = nodeOfJson(extra);
  // Validation refuses all else; a configuration must come out of it nevertheless.
  if (!isBlock(overlay)) return compactYaml(config);
  return sortedYaml(merged(config, overlay));
}

function merged(base: YamlBlock, overlay: YamlBlock): YamlBlock {
  const result = new Map<string, YamlNode>(entriesOf(base));
  for (const [key, node] of entriesOf(overlay)) {
    const below = result.get(key);
    result.set(key, below !== undefined && isBlock(below) && isBlock(node) ? merged(below, node) : node);
  }
  return result;
}
