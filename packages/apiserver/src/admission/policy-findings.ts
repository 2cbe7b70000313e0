import type { Annotate } from "../audit/annotate.ts";

interface Failure {
  readonly policy: string;
  readonly binding: string;
  readonly failure: string;
  /** Place of the expression in the policy. */
  readonly index: number;
  /** What the binding has done about it. */
  readonly actions: readonly string[];
}

/** In characters; longer ones are cut. Source: apiserver, policy/validating `maxAuditAnnotationValueLength`. */
const maxNoteLength = 10 * 1024;

/** What the policies that one request is held against have for the audit log, over all their bindings and parameters. */
export class PolicyFindings {
  readonly #failures: Failure[] = [];
  readonly #notes = new Map<string, Set<string>>();

  failed(failure: Failure): void {
    this.#failures.push(failure);
  }

  noted(key: string, value: string): void {
    const values = this.#notes.get(key) ?? new Set();
    this.#notes.set(key, values.add(value.slice(0, maxNoteLength)));
  }

  /** Source: apiserver, policy/validating `ValidationFailureValue`, `auditAnnotationCollector`. */
  annotate(annotate: Annotate): void {
    if (this.#failures.length > 0) {
      const told = this.#failures.map(({ policy, binding, failure, index, actions }) => ({
        ...{ message: failure, policy, binding },
        ...{ expressionIndex: index, validationActions: actions },
      }));
      annotate("validation.policy.admission.k8s.io/validation_failure", JSON.stringify(told));
    }
    for (const [key, values] of this.#notes) annotate(key, [...values].join(", "));
  }
}
