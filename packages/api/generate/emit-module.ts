import type { Facts, FieldFact, ResourceFact, TypeFact } from "./facts.ts";
import { aliasPrefix, placeOf } from "./type-names.ts";

const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** What one group version's file is made of. */
export interface ModuleContent {
  readonly module: string;
  readonly group: string;
  readonly version: string;
  /** Definitions that live in this file, sorted by name. */
  readonly definitions: readonly string[];
  /** Its resources, without subresources. */
  readonly resources: readonly ResourceFact[];
}

/** Objects that are persisted or sent under their own kind carry these three fields by `KubeObject`. */
const kubeObjectFields = new Set(["apiVersion", "kind", "metadata"]);

function isKubeObject(type: TypeFact): boolean {
  return type.typeMeta === true && type.fields?.["metadata"]?.ref === objectMeta;
}

/**
 * Prints the types of one group version. They stand in a file of their own, which no program ever loads: taking the
 * types out of thousands of lines at every start cost tens of milliseconds.
 */
export function emitTypes(facts: Facts, content: ModuleContent, header: string): string {
  const imports = new ImportList(new Set(content.definitions.map((definition) => placeOf(definition).name)));
  const body = content.definitions.map((definition) => emitInterface(facts, content, definition, imports));
  for (const resource of content.resources) body.push(...emitListType(resource, imports));
  return `${header}\n${imports.print()}\n${body.join("\n")}`;
}

/** Prints the values of one group version, and passes its types on. A kind has one name for both: `ConfigMap`. */
export function emitModule(content: ModuleContent, header: string): string {
  const file = `./${content.module}.types.ts`;
  const passedOn = `export type * from "${file}";\n`;
  if (content.resources.length === 0) return `${header}\n${passedOn}`;
  const imports = `import type { Resource } from "../resource.ts";\nimport type * as types from "${file}";\n`;
  return `${header}\n${imports}\n${passedOn}\n${content.resources.map(emitResource).join("\n")}`;
}

function emitInterface(facts: Facts, content: ModuleContent, definition: string, imports: ImportList): string {
  const type = facts.definitions[definition]!;
  const { name } = placeOf(definition);
  const isObject = isKubeObject(type);
  const lines: string[] = [];
  for (const [field, fact] of Object.entries(type.fields ?? {})) {
    if (isObject && kubeObjectFields.has(field)) continue;
    const key = /^[A-Za-z_$][\w$]*$/.test(field) ? field : JSON.stringify(field);
    lines.push(`  readonly ${key}${fact.required ? "" : "?"}: ${typeText(facts, fact, content, imports)};\n`);
  }
  const heritage = isObject ? ` extends ${imports.use("object", "KubeObject")}` : "";
  return lines.length === 0 && isObject
    ? `export type ${name} = ${imports.use("object", "KubeObject")};\n`
    : `export interface ${name}${heritage} {\n${lines.join("")}}\n`;
}

function typeText(facts: Facts, fact: FieldFact, content: ModuleContent, imports: ImportList): string {
  const inner = (items: FieldFact | undefined): string => typeText(facts, items ?? { type: "json" }, content, imports);
  switch (fact.type) {
    case "string":
      return fact.enum ? fact.enum.map((value) => JSON.stringify(value)).join(" | ") : "string";
    case "time":
    case "microTime":
      // Go writes a zero time that is neither left out nor a pointer as null: `lastProbeTime: null` on every pod.
      return fact.pointer || fact.omitzero ? "string" : "string | null";
    case "duration":
    case "bytes":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "quantity":
    case "intOrString":
      return "string | number";
    case "json":
      return imports.use("object", "Json");
    case "rawExtension":
    case "fieldsV1":
    case "unknown":
      return imports.use("object", "JsonObject");
    case "array": {
      const element = inner(fact.items);
      return element.includes(" | ") ? `readonly (${element})[]` : `readonly ${element}[]`;
    }
    case "map":
      return `Readonly<Record<string, ${inner(fact.items)}>>`;
    case "ref":
      return refText(facts, fact.ref!, content, imports);
    default:
      throw new Error(`type ${fact.type} is unknown: teach emit-module.ts to print it`);
  }
}

function refText(facts: Facts, definition: string, content: ModuleContent, imports: ImportList): string {
  const type = facts.definitions[definition];
  if (!type) throw new Error(`definition ${definition} is referred to but not in types.json`);
  const schema = "JSONSchemaProps";
  if (type.type === "schemaOrArray") return `${schema} | readonly ${schema}[]`;
  if (type.type === "schemaOrBool") return `${schema} | boolean`;
  if (type.type === "schemaOrStringArray") return `${schema} | readonly string[]`;
  if (type.type !== "object") return typeText(facts, { type: type.type }, content, imports);
  const place = placeOf(definition);
  return place.module === content.module ? place.name : imports.use(place.module, place.name, place.handWritten);
}

function emitListType({ kind, listKind }: ResourceFact, imports: ImportList): string[] {
  return listKind ? [`export type ${listKind} = ${imports.use("object", "KubeList")}<${kind}>;\n`] : [];
}

function emitResource(resource: ResourceFact): string {
  const { kind } = resource;
  const names = (values: readonly string[] | undefined) =>
    values && values.length > 0 ? JSON.stringify(values).replaceAll(",", ", ") : undefined;
  const members: [string, string | undefined][] = [
    ["group", JSON.stringify(resource.group)],
    ["version", JSON.stringify(resource.version)],
    ["kind", JSON.stringify(kind)],
    ["plural", JSON.stringify(resource.plural)],
    ["singular", JSON.stringify(resource.singular)],
    ["listKind", JSON.stringify(resource.listKind ?? `${kind}List`)],
    ["scope", resource.namespaced ? '"Namespaced"' : '"Cluster"'],
    ["shortNames", names(resource.shortNames)],
    ["categories", names(resource.categories)],
    ["subresources", names(Object.keys(resource.subresources ?? {}))],
  ];
  const printed = members.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name}: ${value},\n`]));
  return `export type ${kind} = types.${kind};\nexport const ${kind}: Resource<${kind}> = {\n${printed.join("")}};\n`;
}

/** Collects what a file imports; a name the file has itself is imported under an alias. */
class ImportList {
  readonly #taken: ReadonlySet<string>;
  readonly #modules = new Map<string, Set<string>>();

  constructor(taken: ReadonlySet<string>) {
    this.#taken = taken;
  }

  use(module: string, name: string, handWritten = !module.includes("-v")): string {
    const path = handWritten ? `../${module}.ts` : `./${module}.types.ts`;
    const alias = this.#taken.has(name) ? aliasPrefix(module) + name : name;
    const specifier = alias === name ? name : `${name} as ${alias}`;
    if (!this.#modules.has(path)) this.#modules.set(path, new Set());
    this.#modules.get(path)!.add(specifier);
    return alias;
  }

  print(): string {
    return [...this.#modules.keys()]
      .sort()
      .map((path) => `import type { ${[...this.#modules.get(path)!].sort().join(", ")} } from "${path}";\n`)
      .join("");
  }
}
