import type { LedgerEntry } from "@homeostat/runtime";
import { outcomeText, whyText, writesText } from "./ledger-text.ts";

/** An object of an operator's kind, as the view shows it. */
export interface ObjectRow {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly phase: string | undefined;
  /** Status of its `Ready` condition. */
  readonly ready: string | undefined;
  /** Why it is not ready, for people. */
  readonly message: string | undefined;
  readonly generation: number | undefined;
  readonly observedGeneration: number | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly deleting: boolean;
}

/** What a loop guard said last about a key. */
export interface FindingRow {
  readonly controller: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: string;
  /** Whether the key is slowed; if not, another program keeps it busy. */
  readonly slowed: boolean;
}

/** One reconcile, with the kind it is about. */
export interface ReconcileRow {
  readonly entry: LedgerEntry;
  /** `webapps.apps.example.com` */
  readonly resource: string;
  /** How often in a row it went just like this; `entry` is the last time. */
  readonly times: number;
}

export interface Warning {
  readonly at: number;
  readonly text: string;
}

/** An operator that is being started, or that runs: its caches are in sync and its samples are made. */
export interface OperatorRow {
  readonly name: string;
  readonly running: boolean;
  readonly at: number;
}

/** Everything a live view is told. */
export type LiveEvent =
  | { readonly type: "operator"; readonly operator: OperatorRow }
  | { readonly type: "object"; readonly object: ObjectRow }
  | { readonly type: "objectGone"; readonly object: Pick<ObjectRow, "kind" | "namespace" | "name"> }
  | { readonly type: "reconciled"; readonly row: ReconcileRow }
  | { readonly type: "finding"; readonly finding: FindingRow }
  | { readonly type: "warning"; readonly warning: Warning };

export interface Totals {
  reconciles: number;
  errors: number;
  writes: number;
  /** Writes that changed nothing. */
  idleWrites: number;
  /** Loops found, counted once per object. */
  loops: number;
}

/** What a view shows. Bounded: of reconciles the last ones, of objects all. */
export interface LiveState {
  /** Names of operators that are not up yet. */
  readonly starting: ReadonlySet<string>;
  readonly objects: ReadonlyMap<string, ObjectRow>;
  /** Newest last. */
  readonly reconciles: readonly ReconcileRow[];
  readonly findings: ReadonlyMap<string, FindingRow>;
  readonly warning: Warning | undefined;
  readonly totals: Readonly<Totals>;
}

/** More than any screen has rows. */
const keptReconciles = 200;

/** A state that events are fed to. It changes in place: an operator at full speed makes thousands a second. */
export class LiveModel implements LiveState {
  readonly starting = new Set<string>();
  readonly objects = new Map<string, ObjectRow>();
  readonly reconciles: ReconcileRow[] = [];
  readonly findings = new Map<string, FindingRow>();
  readonly totals: Totals = { reconciles: 0, errors: 0, writes: 0, idleWrites: 0, loops: 0 };
  warning: Warning | undefined;

  observe(event: LiveEvent): void {
    switch (event.type) {
      case "operator":
        if (event.operator.running) this.starting.delete(event.operator.name);
        else this.starting.add(event.operator.name);
        return;
      case "object":
        this.objects.set(objectKey(event.object), event.object);
        return;
      case "objectGone":
        this.objects.delete(objectKey(event.object));
        return;
      case "reconciled":
        this.#reconciled(event.row);
        return;
      case "finding":
        this.#found(event.finding);
        return;
      case "warning":
        this.warning = event.warning;
        return;
    }
  }

  #reconciled(row: ReconcileRow): void {
    const last = this.reconciles.at(-1);
    if (last && isRepetition(last, row))
      this.reconciles[this.reconciles.length - 1] = { ...row, times: last.times + 1 };
    else this.reconciles.push(row);
    if (this.reconciles.length > keptReconciles) this.reconciles.shift();
    this.totals.reconciles++;
    if (row.entry.error !== undefined) this.totals.errors++;
    for (const { changed } of row.entry.writes) {
      this.totals.writes++;
      if (!changed) this.totals.idleWrites++;
    }
  }

  #found(finding: FindingRow): void {
    const key = `${finding.controller} ${keyText(finding)}`;
    if (finding.slowed && !this.findings.get(key)?.slowed) this.totals.loops++;
    // Put last again, so that the order is that of the news.
    this.findings.delete(key);
    this.findings.set(key, finding);
  }
}

/** Whether there is nothing new to say: the same object, for the same reasons, with the same outcome and writes. */
function isRepetition({ entry: before, resource }: ReconcileRow, { entry }: ReconcileRow): boolean {
  if (before.controller !== entry.controller || keyText(before) !== keyText(entry)) return false;
  if (outcomeText(before) !== outcomeText(entry)) return false;
  const subject = { ...entry, resource };
  return (
    whyText(before, subject) === whyText(entry, subject) &&
    writesText(before.writes, subject) === writesText(entry.writes, subject)
  );
}

const objectKey = (object: Pick<ObjectRow, "kind" | "namespace" | "name">): string =>
  `${object.kind} ${keyText(object)}`;

/** `default/hello`, or `hello` in no namespace. */
export function keyText({
  namespace,
  name,
}: {
  readonly namespace: string | undefined;
  readonly name: string;
}): string {
  return namespace ? `${namespace}/${name}` : name;
}
