import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuiltinTypes, createBuiltinTypes } from "../src/schema/builtin-types.ts";
import { kindTable, packageTables, type ResourceFacts, type TypeFacts } from "./tables.ts";

/** Where the facts about Kubernetes' API types lie, and what the generator and the golden tests read of them. */

/**
 * The folder of the facts: `given`, else `KUBERNETES_TYPE_FACTS`, else `../shared/data/kubernetes` beside the
 * repository. It need not exist: {@link hasFacts}.
 */
export function factsFolder(given?: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return given ?? process.env["KUBERNETES_TYPE_FACTS"] ?? resolve(here, "../../../../shared/data/kubernetes");
}

export const hasFacts = (folder: string): boolean => existsSync(join(folder, "types.json"));

export function readFacts(folder: string): { types: TypeFacts; resources: ResourceFacts } {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), "utf8"));
  return { types: read("types.json") as TypeFacts, resources: read("resources.json") as ResourceFacts };
}

/** One object of a kind as Kubernetes writes it in JSON and in protobuf. */
export interface GoldenPair {
  /** `apps.v1.Deployment`; the core group is `core`. */
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly json: string;
  readonly protobuf: Uint8Array;
}

/** The fixtures of all versions, old ones too. Empty without facts. */
export function goldenPairs(folder: string): GoldenPair[] {
  const pairs: GoldenPair[] = [];
  for (const sub of ["golden", "golden-apiextensions"]) {
    const path = join(folder, sub);
    if (!existsSync(path)) continue;
    for (const file of readdirSync(path)
      .filter((name) => name.endsWith(".json"))
      .sort()) {
      const name = file.slice(0, -".json".length);
      const [, group, version, kind] = /^(.*)\.(v\d\w*)\.(\w+)$/.exec(name)!;
      pairs.push({
        name,
        apiVersion: group === "core" ? version! : `${group}/${version}`,
        kind: kind!,
        json: readFileSync(join(path, file), "utf8"),
        protobuf: readFileSync(join(path, `${name}.pb`)),
      });
    }
  }
  return pairs;
}

/** The types of every version in the facts, whether served or not. */
export function allTypes(folder: string): BuiltinTypes {
  const { types } = readFacts(folder);
  const versions = new Set(
    Object.values(types.definitions).flatMap((definition) =>
      (definition.gvk ?? []).map(({ group, version }) => (group === "" ? version : `${group}/${version}`)),
    ),
  );
  const tables = packageTables(types, Object.keys(types.definitions));
  const kinds = kindTable(types, [...versions]);
  return createBuiltinTypes({ package: (name) => tables.get(name), kinds: () => kinds });
}
