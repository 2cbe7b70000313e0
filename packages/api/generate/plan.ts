import type { ModuleContent } from "./emit-module.ts";
import { emitModule, emitTypes } from "./emit-module.ts";
import type { Facts, FieldFact } from "./facts.ts";
import { aliasPrefix, checkUnique, metaRoots, moduleName, placeOf } from "./type-names.ts";

/** Kinds that no resource has, but that servers and webhooks exchange. */
const reviewKinds: readonly { readonly group: string; readonly version: string; readonly definition: string }[] = [
  { group: "admission.k8s.io", version: "v1", definition: "io.k8s.api.admission.v1.AdmissionReview" },
  {
    group: "apiextensions.k8s.io",
    version: "v1",
    definition: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ConversionReview",
  },
];

/** Groups in the order in which they get a name that several have, in the flat table of contents. */
const nameOrder = [
  "core-v1",
  "apps-v1",
  "batch-v1",
  "rbac-v1",
  "networking-v1",
  "policy-v1",
  "autoscaling-v2",
  "storage-v1",
];

/** Names of the hand-written files that generated types must not take in the flat table of contents. */
const reservedNames = new Set([
  "Resource",
  "Scope",
  "Status",
  "Condition",
  "LabelSelector",
  "GroupVersionKind",
  "WatchEvent",
]);

/** All files to write: name → content. Same facts, same bytes. */
export function planFiles(facts: Facts): Map<string, string> {
  const header = [
    `// Generated from the facts of Kubernetes ${facts.kubernetesVersion} by \`node packages/api/generate/main.ts\`: do not edit.`,
    "",
  ].join("\n");
  const modules = collectModules(facts);
  const files = new Map<string, string>();
  for (const module of modules) {
    files.set(`${module.module}.ts`, emitModule(module, header));
    files.set(`${module.module}.types.ts`, emitTypes(facts, module, header));
  }
  files.set("index.ts", emitContents(modules, header));
  return files;
}

/** Group versions a server enables by default, each with every type reachable from its resources. */
function collectModules(facts: Facts): ModuleContent[] {
  const owners = new Map<string, { group: string; version: string }>();
  for (const { group, enabledByDefault } of facts.groups) {
    for (const version of enabledByDefault) {
      const module = moduleName(group, version);
      if (owners.has(module))
        throw new Error(`groups ${owners.get(module)?.group} and ${group} would both be ${module}.ts`);
      owners.set(module, { group, version });
    }
  }
  owners.set("meta-v1", { group: "meta.k8s.io", version: "v1" });
  for (const { group, version } of reviewKinds) owners.set(moduleName(group, version), { group, version });

  const rows = facts.resources.filter((row) => owners.has(moduleName(row.group, row.version)));
  const roots = [
    ...rows.flatMap((row) => row.definition ?? []),
    ...metaRoots,
    ...reviewKinds.map((kind) => kind.definition),
  ];
  const reached = reach(facts, roots);
  checkUnique(reached, facts);
  return [...owners]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([module, { group, version }]) => ({
      module,
      group,
      version,
      definitions: [...reached]
        .filter(
          (name) =>
            facts.definitions[name]?.type === "object" && placeOf(name).module === module && !placeOf(name).handWritten,
        )
        .sort((a, b) => (placeOf(a).name < placeOf(b).name ? -1 : 1)),
      resources: rows
        .filter((row) => !row.subresource && row.group === group && row.version === version)
        .sort((a, b) => (a.kind < b.kind ? -1 : 1)),
    }));
}

function reach(facts: Facts, roots: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    const visit = (field: FieldFact): void => {
      if (field.ref) queue.push(field.ref);
      if (field.items) visit(field.items);
    };
    for (const field of Object.values(facts.definitions[name]?.fields ?? {})) visit(field);
  }
  return reached;
}

/** One file that exports every name flat. Kinds choose first; who comes second gets its name with its group before it. */
function emitContents(modules: readonly ModuleContent[], header: string): string {
  const rank = (module: string): number => (nameOrder.includes(module) ? nameOrder.indexOf(module) : nameOrder.length);
  const ordered = [...modules].sort((a, b) => rank(a.module) - rank(b.module) || (a.module < b.module ? -1 : 1));
  const taken = new Set(reservedNames);
  const lines: string[] = [];
  const add = (keyword: string, module: string, names: readonly string[]): void => {
    if (names.length === 0) return;
    const specifiers = names.map((name) => {
      const alias = taken.has(name) ? aliasPrefix(module) + name : name;
      taken.add(alias);
      return alias === name ? `  ${name},\n` : `  ${name} as ${alias},\n`;
    });
    lines.push(`${keyword} {\n${specifiers.join("")}} from "./${module}.ts";\n`);
  };
  // A kind is a type and a value of one name: a plain export carries both.
  for (const { module, resources } of ordered) {
    add(
      "export",
      module,
      resources.map((resource) => resource.kind),
    );
  }
  for (const { module, definitions, resources } of ordered) {
    const kinds = new Set(resources.map((resource) => resource.kind));
    const types = definitions.map((definition) => placeOf(definition).name).filter((name) => !kinds.has(name));
    add("export type", module, [...types, ...resources.flatMap((resource) => resource.listKind ?? [])].sort());
  }
  return `${header}\n${lines.join("")}`;
}
