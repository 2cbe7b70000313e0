import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { checkShape, DocumentError } from "./fields.ts";
import type { OperationSpec, StepSpec, TestDocument } from "./test-document.ts";
import { catchActions, stepTemplateShape, testShape, tryActions } from "./test-shape.ts";

/** The group of chainsaw's kinds; the project's own runner reads the same files. */
export const testGroup = "chainsaw.kyverno.io";

export interface ReadOptions {
  /** Whether aliases (`*name`) may point to anchors of other documents of the file. Default false. */
  readonly remarshal?: boolean;
}

/** All documents of a file; empty ones are left out. @throws DocumentError */
export async function readDocuments(path: string, options: ReadOptions = {}): Promise<unknown[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new DocumentError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  return parseDocuments(text, path, options);
}

/** @param origin names the text in messages */
export function parseDocuments(text: string, origin: string, { remarshal = false }: ReadOptions = {}): unknown[] {
  if (remarshal) return parseWithSharedAnchors(text, origin);
  return parseAllDocuments(text, { merge: true }).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new DocumentError(`${origin}: ${error.message}`, { cause: error });
    const value = document.toJS({ maxAliasCount: 10_000 }) as unknown;
    return value === null || value === undefined ? [] : [value];
  });
}

/** Documents made one list, so that aliases meet the anchors before them. */
function parseWithSharedAnchors(text: string, origin: string): unknown[] {
  const parts = text.split(/^---.*$/m).filter((part) => part.trim() !== "");
  const one = parts.map((part) => `-\n${part.replace(/^/gm, "  ")}`).join("\n");
  const [list] = parseDocuments(one, origin);
  return (list as unknown[]).filter((value) => value !== null && value !== undefined);
}

/** The Tests of a file. @throws DocumentError naming the field that makes no sense */
export async function loadTests(path: string, options: ReadOptions = {}): Promise<TestDocument[]> {
  return testsOf(await readDocuments(path, options), path);
}

/** @param path names the documents in messages. @throws DocumentError */
export function testsOf(documents: readonly unknown[], path: string): TestDocument[] {
  const tests: TestDocument[] = [];
  for (const document of documents) {
    const { apiVersion, kind, metadata, spec } = (document ?? {}) as Record<string, unknown>;
    if (kind !== "Test" || apiVersion !== `${testGroup}/v1alpha1`) {
      throw new DocumentError(
        `${path}: expected ${testGroup}/v1alpha1 Test, found ${String(apiVersion)} ${String(kind)}`,
      );
    }
    refuse(path, checkShape(spec ?? {}, testShape, "spec"));
    const test = { metadata, spec } as TestDocument;
    refuse(path, checkTest(test));
    tests.push(test);
  }
  if (tests.length === 0) throw new DocumentError(`${path}: no Test is in this file`);
  return tests;
}

/** Steps with what their templates say. @throws DocumentError */
export async function loadStepTemplate(path: string): Promise<StepSpec> {
  const [document] = await readDocuments(path);
  const { apiVersion, kind, spec } = (document ?? {}) as Record<string, unknown>;
  if (kind !== "StepTemplate" || apiVersion !== `${testGroup}/v1alpha1`) {
    throw new DocumentError(
      `${path}: expected ${testGroup}/v1alpha1 StepTemplate, found ${String(apiVersion)} ${String(kind)}`,
    );
  }
  refuse(path, checkShape(spec ?? {}, stepTemplateShape, "spec"));
  const step = spec as StepSpec;
  refuse(path, checkOperations(step, "spec"));
  return step;
}

function refuse(path: string, errors: readonly string[]): void {
  if (errors.length > 0) throw new DocumentError(`${path}: ${errors.join("; ")}`);
}

function checkTest({ metadata, spec }: TestDocument): string[] {
  const errors = typeof metadata?.name === "string" && metadata.name !== "" ? [] : ["metadata.name: is required"];
  errors.push(...checkList(spec.catch, "spec.catch", catchActions));
  spec.steps.forEach((step, index) => {
    const path = `spec.steps[${index}]`;
    if (step.use && (step.try || step.catch || step.finally || step.cleanup)) {
      errors.push(`${path}: a step that uses a template has no operations of its own`);
    }
    if (!step.use && !step.try?.length) errors.push(`${path}.try: is required, or use a template`);
    errors.push(...checkOperations(step, path));
  });
  return errors;
}

function checkOperations(step: StepSpec, path: string): string[] {
  return [
    ...checkList(step.try, `${path}.try`, tryActions),
    ...checkList(step.catch, `${path}.catch`, catchActions),
    ...checkList(step.finally, `${path}.finally`, catchActions),
    ...checkList(step.cleanup, `${path}.cleanup`, catchActions),
  ];
}

export function checkList(
  operations: readonly OperationSpec[] | undefined,
  path: string,
  allowed: readonly string[],
): string[] {
  return (operations ?? []).flatMap((operation, index) => {
    const at = `${path}[${index}]`;
    const found = tryActions.filter((action) => Object.hasOwn(operation, action));
    if (found.length !== 1) {
      return [`${at}: must be exactly one of ${allowed.join(", ")}; it is ${found.join(", ") || "none"}`];
    }
    const [action] = found;
    if (!allowed.includes(action!)) return [`${at}: ${action} cannot stand here: there are ${allowed.join(", ")}`];
    return checkAction(operation, action!, at);
  });
}

const fromFiles = ["apply", "assert", "create", "error", "patch", "update", "delete"];

function checkAction(operation: OperationSpec, action: string, path: string): string[] {
  const said = operation[action as keyof typeof operation] as Record<string, unknown> | null;
  if (said === null || typeof said !== "object") return [`${path}.${action}: must be a map`];
  if (fromFiles.includes(action)) {
    const sources = action === "delete" ? ["file", "ref"] : ["file", "resource"];
    const found = sources.filter((source) => said[source] !== undefined);
    if (found.length !== 1) return [`${path}.${action}: must have one of ${sources.join(", ")}`];
  }
  if (action === "wait" && Object.keys(said["for"] as object).length !== 1) {
    return [`${path}.wait.for: must be exactly one of create, deletion, condition, jsonPath`];
  }
  return [];
}
