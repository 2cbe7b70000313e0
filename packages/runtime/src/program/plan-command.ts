import { readFileSync } from "node:fs";
import { apiVersionOf, type KubeObject, type Transport } from "@homeostat/api";
import { parseAllDocuments } from "yaml";
import { createClient } from "../client/api-client.ts";
import type { ControllerDefinition } from "../controller/definition.ts";
import { controllersOf, type Operator } from "../deploy/operator.ts";
import { plan } from "../desired/plan.ts";
import { planText } from "../desired/plan-text.ts";
import { UsageError } from "./flags.ts";

export interface PlanCommand {
  readonly transport: Transport;
  /** `greeting/hello` of the cluster; or objects of a file, as YAML or JSON. */
  readonly of: { readonly type: "object"; readonly name: string } | { readonly type: "file"; readonly path: string };
  /** Of an object that names none. */
  readonly namespace: string;
  readonly colors: boolean;
}

/**
 * What the operator would do to the children of one object, or of those in a file as if they were applied; nothing is
 * written. @throws UsageError where the object is of no kind that the operator declares; what reading and planning throw
 */
export async function planOperator(operator: Operator, command: PlanCommand): Promise<string> {
  const { transport, namespace, colors, of } = command;
  const client = createClient({ transport, userAgent: operator.name, fieldManager: operator.name });
  const texts: string[] = [];
  for (const object of of.type === "file" ? objectsOf(of.path) : [undefined]) {
    const controller = object ? byObject(operator, object) : byName(operator, of.type === "object" ? of.name : "");
    const resource = controller.for!;
    const name = object?.metadata?.name ?? (of.type === "object" ? of.name.split("/")[1]! : "");
    const home = resource.scope === "Namespaced" ? { namespace: object?.metadata?.namespace ?? namespace } : {};
    const wanted = object
      ? { ...object, metadata: { ...object.metadata, ...home } }
      : await client.get(resource, { name, ...home });
    texts.push(planText(await plan(controller, wanted, { client }), { colors }));
  }
  return `${texts.join("\n")}\n`;
}

function objectsOf(path: string): KubeObject[] {
  const objects: KubeObject[] = [];
  for (const document of parseAllDocuments(read(path))) {
    const [error] = document.errors;
    if (error) throw new UsageError(`${path}: ${error.message}`);
    const object = document.toJS() as KubeObject | null;
    if (object) objects.push(object);
  }
  if (objects.length === 0) throw new UsageError(`${path}: there is no object in it`);
  return objects;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`-f ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function byObject(operator: Operator, { apiVersion, kind }: KubeObject): ControllerDefinition {
  return one(
    operator,
    ({ for: own }) => own?.kind === kind && own !== undefined && apiVersionOf(own) === apiVersion,
    `${apiVersion} ${kind}`,
  );
}

function byName(operator: Operator, name: string): ControllerDefinition {
  const [typed = "", ...rest] = name.toLowerCase().split("/");
  if (rest.length !== 1 || rest[0] === "") throw new UsageError(`"${name}": name the object as kind/name`);
  return one(
    operator,
    ({ for: own }) =>
      own !== undefined &&
      [own.kind.toLowerCase(), own.plural, own.singular, ...(own.shortNames ?? [])].includes(typed),
    typed,
  );
}

function one(
  operator: Operator,
  fits: (controller: ControllerDefinition) => boolean,
  what: string,
): ControllerDefinition {
  const declarative = controllersOf(operator).filter(({ planner }) => planner !== undefined);
  const found = declarative.find(fits);
  if (found) return found;
  const kinds = declarative.map(({ for: own }) => own?.kind).join(", ") || "none";
  throw new UsageError(`${what}: no declarative controller is for that kind; there are ${kinds}`);
}
