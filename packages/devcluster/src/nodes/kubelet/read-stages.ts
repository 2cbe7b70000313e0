import { type Json, type JsonObject, type LabelSelector, labelMatcher } from "@homeostat/api";
import { behaviorAnnotation } from "./program.ts";
import type { PodStage } from "./stages.ts";

const apiVersion = "kwok.x-k8s.io/v1alpha1";

/**
 * Reads stages of pods as KWOK writes them: documents of kind Stage, of which selectors by label, weight and delay mean
 * what they mean there. What pods come to is not told by templates of their status here, since the kubelet writes that
 * itself; it is told in words, by the annotation `dev.homeostat/behavior` of the stage (see {@link behaviorAnnotation}).
 * Conditions on the phase of a pod, by which KWOK tells one step from the next, are met by the kubelet's own steps.
 *
 * @param text YAML or JSON, one or several documents
 * @throws Error that names the stage and the field, for what cannot be done here
 */
export async function readStages(text: string): Promise<PodStage[]> {
  const { parseAllDocuments } = await import("yaml");
  const documents = parseAllDocuments(text);
  if ("empty" in documents) return [];
  return documents.flatMap((document, index) => {
    const [error] = document.errors;
    if (error) throw new Error(`document ${index + 1}: ${error.message.split("\n", 1)[0]}`);
    const value = document.toJS() as Json;
    return value === null ? [] : [stageOf(objectOf(value, `document ${index + 1}`), `document ${index + 1}`)];
  });
}

function stageOf(document: JsonObject, where: string): PodStage {
  if (document["apiVersion"] !== apiVersion || document["kind"] !== "Stage")
    throw new Error(`${where}: expected apiVersion ${apiVersion} and kind Stage`);
  const metadata = objectOf(document["metadata"], `${where}: metadata`);
  const { name } = metadata;
  if (typeof name !== "string" || name === "") throw new Error(`${where}: metadata.name is missing`);
  const stage = `stage ${name}`;
  const spec = objectOf(document["spec"], `${stage}: spec`);
  const behavior = objectOf(metadata["annotations"], `${stage}: metadata.annotations`)[behaviorAnnotation];
  checkKind(spec, stage);
  checkEffect(spec, behavior, stage);
  const { weight } = spec;
  const selector = selectorOf(spec, stage);
  return {
    name,
    ...(selector ? { selector } : {}),
    ...(weight === undefined ? {} : { weight: countOf(weight, `${stage}: spec.weight`) }),
    ...delayOf(spec, stage),
    ...(typeof behavior === "string" ? { behavior } : {}),
  };
}

function checkKind(spec: JsonObject, stage: string): void {
  const { apiGroup = "v1", kind } = objectOf(spec["resourceRef"], `${stage}: spec.resourceRef`);
  if (kind === "Pod" && (apiGroup === "v1" || apiGroup === "")) return;
  throw new Error(`${stage}: spec.resourceRef: only pods have stages here, so write {apiGroup: v1, kind: Pod}`);
}

/** A stage of KWOK that changes pods must be put into words. */
function checkEffect(spec: JsonObject, behavior: Json | undefined, stage: string): void {
  const field = ["next", "steps"].find(
    (name) => Object.keys(objectOf(spec[name], `${stage}: spec.${name}`)).length > 0,
  );
  if (field === undefined || behavior !== undefined) return;
  throw new Error(
    `${stage}: spec.${field}: templates are not read here: say in the annotation ${behaviorAnnotation} what containers do, such as crash, unready, exit=1 or slow=30s`,
  );
}

function selectorOf(spec: JsonObject, stage: string): LabelSelector | undefined {
  const where = `${stage}: spec.selector`;
  const selector = objectOf(spec["selector"], where);
  if (selector["matchAnnotations"] !== undefined)
    throw new Error(`${where}.matchAnnotations: pods are chosen by their labels here`);
  const expressions = (selector["matchExpressions"] ?? []) as readonly JsonObject[];
  const found: LabelSelector = {
    ...(selector["matchLabels"] ? { matchLabels: selector["matchLabels"] as Record<string, string> } : {}),
    matchExpressions: expressions.flatMap((each, index) => expressionOf(each, `${where}.matchExpressions[${index}]`)),
  };
  if (!found.matchLabels && found.matchExpressions?.length === 0) return undefined;
  labelMatcher(found);
  return found;
}

/** `.metadata.labels["app"]` or `.metadata.labels.app`. */
const labelPath = /^\.metadata\.labels(?:\["([^"]+)"\]|\.([\w-]+))$/;
/** What tells the steps of a pod apart. */
const stepPath = /^\.(status\b|metadata\.(deletionTimestamp|finalizers)$|spec\.nodeName$)/;

function expressionOf(expression: JsonObject, where: string): NonNullable<LabelSelector["matchExpressions"]> {
  const { key, operator, values } = expression;
  const path = String(key);
  const [, quoted, plain] = labelPath.exec(path) ?? [];
  const label = quoted ?? plain;
  if (label === undefined) {
    if (stepPath.test(path)) return [];
    throw new Error(`${where}.key: ${path} is no label: write .metadata.labels["name"]`);
  }
  return [
    {
      key: label,
      operator: String(operator) as "In",
      ...(Array.isArray(values) ? { values: values.map(String) } : {}),
    },
  ];
}

/** KWOK draws between the one and the other. */
function delayOf(spec: JsonObject, stage: string): Pick<PodStage, "delayMs" | "jitterMs"> {
  const where = `${stage}: spec.delay`;
  const delay = objectOf(spec["delay"], where);
  const other = Object.keys(delay).find((name) => !/^(jitterD|d)urationMilliseconds$/.test(name));
  if (other !== undefined)
    throw new Error(`${where}.${other}: delays are numbers here: durationMilliseconds and jitterDurationMilliseconds`);
  const { durationMilliseconds: least, jitterDurationMilliseconds: most } = delay;
  if (least === undefined && most === undefined) return {};
  const delayMs = least === undefined ? 0 : countOf(least, `${where}.durationMilliseconds`);
  const upTo = most === undefined ? delayMs : countOf(most, `${where}.jitterDurationMilliseconds`);
  return { delayMs, ...(upTo > delayMs ? { jitterMs: upTo - delayMs } : {}) };
}

function countOf(value: Json, where: string): number {
  if (typeof value === "number" && value >= 0 && Number.isInteger(value)) return value;
  throw new Error(`${where}: ${JSON.stringify(value)} is no whole number from 0`);
}

/** What is left out is empty. */
function objectOf(value: Json | undefined, where: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value;
  throw new Error(`${where}: expected an object`);
}
