import { pathText } from "../diff/diff.ts";
import type { Plan, PlanStep } from "./plan.ts";

/** How a plan is written. */
export interface PlanTextOptions {
  /** Colour with ANSI escapes. Default false. */
  readonly colors?: boolean;
  /** Tell what stays as it is, too. Default false. */
  readonly unchanged?: boolean;
}

const signs: Readonly<Record<PlanStep["action"], string>> = {
  create: "+",
  patch: "~",
  delete: "-",
  recreate: "±",
  keep: " ",
  leave: "!",
  refuse: "✗",
};

const colours: Readonly<Record<string, number>> = { "+": 32, "~": 33, "-": 31, "±": 35, "!": 36, "✗": 31 };

/**
 * A plan for people: a line per child, its changed fields beneath, and a sum.
 *
 *     ~ patch deployments.apps/demo/web
 *         spec.replicas: 1 → 3
 *     1 to patch, 2 unchanged
 */
export function planText(plan: Plan, { colors = false, unchanged = false }: PlanTextOptions = {}): string {
  const paint = (sign: string, text: string): string =>
    colors && colours[sign] !== undefined ? `\u001b[${colours[sign]}m${text}\u001b[0m` : text;
  const lines: string[] = [];
  for (const step of plan.steps) {
    if (step.action === "keep" && !unchanged) continue;
    const sign = signs[step.action];
    const why = [step.reason, step.message].filter((text) => text).join(": ");
    lines.push(paint(sign, `${sign} ${step.action} ${step.id}${why ? ` (${why})` : ""}`));
    lines.push(...changeLines(step, paint));
  }
  if (plan.message) lines.push(plan.message);
  lines.push(sum(plan));
  return lines.join("\n");
}

function changeLines({ action, changes }: PlanStep, paint: (sign: string, text: string) => string): string[] {
  return changes
    .filter(({ path }) => action !== "create" || !identity.has(pathText(path)))
    .flatMap((change) => {
      const path = pathText(change.path);
      if (change.op === "add") return [paint("+", `    ${path}: ${value(change.new)}`)];
      if (change.op === "remove") return [paint("-", `    ${path}: ${value(change.old)} → (none)`)];
      return [paint("~", `    ${path}: ${value(change.old)} → ${value(change.new)}`)];
    });
}

/** The line above has said it. */
const identity = new Set(["apiVersion", "kind"]);

function sum({ steps }: Plan): string {
  const count = (action: PlanStep["action"]): number => steps.filter((step) => step.action === action).length;
  const parts: [PlanStep["action"], string][] = [
    ["create", "to create"],
    ["patch", "to patch"],
    ["recreate", "to recreate"],
    ["delete", "to delete"],
    ["refuse", "refused"],
    ["leave", "left alone"],
    ["keep", "unchanged"],
  ];
  const told = parts.filter(([action]) => count(action) > 0).map(([action, what]) => `${count(action)} ${what}`);
  return told.length > 0 ? told.join(", ") : "nothing to do";
}

/** One line; long values are cut in the middle of nothing important. */
function value(json: unknown): string {
  const text = JSON.stringify(json) ?? "(none)";
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}
