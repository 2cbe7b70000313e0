import { ageText, timeOfDay, tookText } from "./durations.ts";
import { outcomeText, whyText, writesText } from "./ledger-text.ts";
import { type FindingRow, keyText, type LiveState, type ObjectRow, type ReconcileRow } from "./live-state.ts";
import type { Palette } from "./palette.ts";
import { generationText } from "./plain.ts";
import { type Column, type Row, renderTable } from "./table.ts";
import { pad, printable, textWidth, truncate, wrap } from "./text.ts";

/** What does not change while the screen is up. */
export interface ScreenFacts {
  readonly url: string;
  /** How to reach the cluster and what to try there, one line each. */
  readonly hints: readonly string[];
  readonly bootMs: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Where the lines of a screen go; titles and blank lines not counted. */
interface Shares {
  readonly hints: number;
  readonly objects: number;
  readonly findings: number;
  readonly reconciles: number;
}

/** The live screen: at most `rows` lines of at most `columns` columns. @param now milliseconds since the epoch */
export function renderScreen(
  state: LiveState,
  facts: ScreenFacts,
  size: ScreenSize,
  now: number,
  palette: Palette,
): string[] {
  const width = Math.max(20, size.columns);
  const findings = findingLines(state, now, width);
  const shares = share(size.rows, {
    hints: facts.hints.length,
    objects: state.objects.size,
    findings: findings.length,
    reconciles: state.reconciles.length,
  });
  const sections = [
    [headline(facts, now, width, palette)],
    facts.hints.slice(0, shares.hints).map((hint) => hintLine(hint, width, palette)),
    objectLines(state, shares.objects, now, width, palette),
    reconcileLines(state.reconciles, shares.reconciles, width, palette),
    cutTo(findings, shares.findings, width).map(palette.bad),
  ].filter((lines) => lines.length > 0);
  const room = Math.max(0, size.rows - 1);
  const tight = sections.flat().length + sections.length > room;
  const lines = sections
    .flatMap((section, index) => (index === 0 || tight ? section : ["", ...section]))
    .slice(0, room);
  const blank = Array<string>(room - lines.length).fill("");
  return [...lines, ...blank, totalsLine(state, width, palette)].slice(-Math.max(1, size.rows));
}

/** Objects take up to a third, findings what they need up to a third, hints what fits, reconciles the rest. */
function share(rows: number, wants: Shares): Shares {
  // Headline, totals, titles of the tables, blank lines between six sections.
  const free = Math.max(0, rows - 2 - 2 - 5);
  const findings = Math.min(wants.findings, Math.max(1, Math.floor(free / 3)));
  const objects = Math.min(wants.objects, Math.max(1, Math.floor(free / 3)));
  const hints = Math.min(wants.hints, Math.max(1, free - findings - objects - 3));
  return { findings, objects, hints, reconciles: Math.max(1, free - findings - objects - hints) };
}

function headline(facts: ScreenFacts, now: number, width: number, palette: Palette): string {
  const left = `homeostat  ${facts.url}`;
  const right = `booted in ${Math.round(facts.bootMs)} ms, up ${ageText(now - facts.startedAt)}, Ctrl-C stops`;
  const room = width - textWidth(left) - 2;
  if (room < textWidth(right)) return palette.title(truncate(left, width));
  return palette.title(left) + palette.quiet(pad(right, width - textWidth(left), "right"));
}

function hintLine(hint: string, width: number, palette: Palette): string {
  const line = truncate(`  ${hint}`, width);
  const comment = line.indexOf(" # ");
  return comment < 0 ? line : line.slice(0, comment) + palette.quiet(line.slice(comment));
}

const objectColumns: readonly Column[] = [
  { title: "KIND" },
  { title: "OBJECT" },
  { title: "PHASE", min: 8, from: 50 },
  { title: "READY" },
  { title: "GENERATION", from: 70 },
  { title: "AGE" },
  { title: "MESSAGE", min: 8, from: 60 },
];

function objectLines(
  { objects: all, starting }: LiveState,
  room: number,
  now: number,
  width: number,
  palette: Palette,
): string[] {
  const objects = [...all.values()];
  if (objects.length === 0) {
    const why = starting.size > 0 ? `starting: ${[...starting].join(", ")}` : "no objects of the operators' kinds";
    return [palette.quiet(truncate(`  ${why}`, width))];
  }
  const fits = objects.length <= room;
  // Where not all can be seen, those that need to be seen come first.
  const shown = fits
    ? objects.toSorted(compare)
    : first(objects, Math.max(1, room - 1), (a, b) => rank(a) - rank(b) || compare(a, b));
  const rows = shown.map((object) => objectCells(object, now, palette));
  const lines = renderTable(objectColumns, rows, { width: width - 2, titleStyle: palette.quiet }).map(indent);
  const ready = objects.filter((object) => object.ready === "True").length;
  const rest = `  and ${objects.length - shown.length} more; ${ready} of ${objects.length} are ready`;
  return fits ? lines : [...lines, palette.quiet(truncate(rest, width))];
}

const rank = (object: ObjectRow): number => (object.ready === "True" && !object.deleting ? 1 : 0);

const compare = (a: ObjectRow, b: ObjectRow): number =>
  byText(a.kind, b.kind) || byText(a.namespace ?? "", b.namespace ?? "") || byText(a.name, b.name);

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The first `count` in order, without sorting them all: there may be thousands, and this runs ten times a second. */
function first<T>(items: readonly T[], count: number, order: (a: T, b: T) => number): T[] {
  const kept: T[] = [];
  for (const item of items) {
    if (kept.length === count && order(item, kept[count - 1]!) >= 0) continue;
    let at = kept.length;
    while (at > 0 && order(item, kept[at - 1]!) < 0) at--;
    kept.splice(at, 0, item);
    if (kept.length > count) kept.pop();
  }
  return kept;
}

function objectCells(object: ObjectRow, now: number, palette: Palette): Row {
  const { phase, ready, generation, observedGeneration, deleting, message } = object;
  const outdated = generation !== undefined && observedGeneration !== undefined && observedGeneration < generation;
  const judged = ready === "True" ? palette.good : ready === "False" ? palette.bad : palette.odd;
  return [
    object.kind,
    { text: keyText(object), style: palette.strong },
    deleting ? { text: "Deleting", style: palette.odd } : (phase ?? "-"),
    { text: ready ?? "-", style: judged },
    { text: generationText(generation, observedGeneration), ...(outdated ? { style: palette.odd } : {}) },
    Number.isNaN(object.createdAt) ? "-" : ageText(now - object.createdAt),
    { text: message ?? "", style: palette.quiet },
  ];
}

const reconcileColumns: readonly Column[] = [
  { title: "TIME", from: 50 },
  { title: "CONTROLLER", from: 90 },
  { title: "RECONCILED" },
  { title: "OUTCOME", min: 12 },
  { title: "TOOK", align: "right", from: 60 },
  { title: "WRITES", align: "right", from: 80, below: 130 },
  { title: "WHY", min: 24 },
  { title: "WROTE", min: 16, from: 130 },
];

function reconcileLines(rows: readonly ReconcileRow[], room: number, width: number, palette: Palette): string[] {
  if (rows.length === 0) return [palette.quiet(truncate("  nothing was reconciled yet", width))];
  const newest = rows.slice(-room).toReversed();
  const cells = newest.map((row) => reconcileCells(row, palette));
  return renderTable(reconcileColumns, cells, { width: width - 2, titleStyle: palette.quiet }).map(indent);
}

function reconcileCells({ entry, resource, times }: ReconcileRow, palette: Palette): Row {
  const subject = { ...entry, resource };
  const idle = entry.outcome === "skipped" || entry.writes.length === 0;
  const style = entry.error !== undefined ? palette.bad : idle ? palette.quiet : palette.good;
  return [
    { text: timeOfDay(entry.startedAt), style: palette.quiet },
    entry.controller,
    { text: keyText(entry), style: palette.strong },
    { text: outcomeText(entry), style },
    tookText(entry.durationMs),
    entry.writes.length === 0 ? "-" : String(entry.writes.length),
    (times > 1 ? `${times}× ` : "") + whyText(entry, subject),
    {
      text: entry.writes.length === 0 ? "-" : writesText(entry.writes, subject),
      ...(idle ? { style: palette.quiet } : {}),
    },
  ];
}

/** The first lines; where some are missing, the last one says so. */
function cutTo(lines: readonly string[], count: number, width: number): string[] {
  const kept = lines.slice(0, count);
  const last = kept.at(-1);
  return last === undefined || kept.length === lines.length
    ? kept
    : [...kept.slice(0, -1), truncate(`${last} …`, width)];
}

/** The latest news first; each in up to three lines. */
function findingLines(state: LiveState, now: number, width: number): string[] {
  return [...state.findings.values()].toReversed().flatMap((finding) => findingText(finding, now, width));
}

function findingText(finding: FindingRow, now: number, width: number): string[] {
  const word = finding.slowed ? "LOOP" : "BUSY";
  const text = `${word} ${finding.controller} ${keyText(finding)}, ${ageText(now - finding.at)} ago: ${printable(finding.message)}`;
  return wrap(text, width - 4, 4).map((line, index) => (index === 0 ? `  ${line}` : `    ${line}`));
}

function totalsLine(state: LiveState, width: number, palette: Palette): string {
  const { totals, warning } = state;
  const line = truncate(totalsText(state), width);
  const bad = totals.errors + totals.loops > 0;
  const shown = bad ? palette.bad(line) : palette.quiet(line);
  const room = width - textWidth(line) - 3;
  if (warning === undefined || room < 20) return shown;
  return `${shown}   ${palette.odd(truncate(printable(warning.text), room))}`;
}

/** `1 object, 3 reconciles, 2 writes, 0 errors, 0 loops` */
export function totalsText({ objects, totals }: LiveState): string {
  const parts = [
    count(objects.size, "object"),
    count(totals.reconciles, "reconcile"),
    count(totals.writes, "write") + (totals.idleWrites > 0 ? ` (${totals.idleWrites} without change)` : ""),
    count(totals.errors, "error"),
    count(totals.loops, "loop"),
  ];
  return parts.join(", ");
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

const indent = (line: string): string => `  ${line}`;
