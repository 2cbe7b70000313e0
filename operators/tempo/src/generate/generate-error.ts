/** Something in the input that no objects can be made of. */
export interface Problem {
  /** Which part of the input: `document 2, TempoStack simplest`. */
  readonly where: string;
  /** Path of the field, where one is at fault. */
  readonly field?: string;
  /** What is wrong, and the way out. */
  readonly message: string;
}

/** The input is not fit; the message says everything that is wrong with it, a line for each. */
export class GenerateError extends Error {
  override readonly name = "GenerateError";
  readonly code = "ERR_GENERATE";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(problemText).join("\n"));
    this.problems = problems;
  }
}

const problemText = ({ where, field, message }: Problem): string =>
  [where, ...(field ? [field] : []), message].join(": ");
