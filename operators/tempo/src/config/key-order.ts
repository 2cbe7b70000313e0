/**
 * Order of keys as Go's YAML library writes them: letters by code, after everything else; runs of digits by their
 * number, so that `a2` comes before `a10`; and after digits, letters first.
 */
export function compareKeys(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  let afterDigit = false;
  for (let at = 0; at < left.length && at < right.length; at++) {
    const [x, y] = [left[at]!, right[at]!];
    if (x !== y) return compareAt(left, right, { at, afterDigit });
    afterDigit = isDigit(x);
  }
  return left.length - right.length;
}

interface Place {
  readonly at: number;
  readonly afterDigit: boolean;
}

type Characters = readonly string[];

const isDigit = (character: string) => /^\p{Nd}$/u.test(character);
const isLetter = (character: string) => /^\p{L}$/u.test(character);
const byCode = (x: string, y: string) => x.codePointAt(0)! - y.codePointAt(0)!;

/** Where the first difference is. */
function compareAt(left: Characters, right: Characters, { at, afterDigit }: Place): number {
  const [x, y] = [left[at]!, right[at]!];
  if (isLetter(x) && isLetter(y)) return byCode(x, y);
  if (isLetter(x) || isLetter(y)) return isLetter(x) === afterDigit ? -1 : 1;
  // A zero within a number counts; at its beginning it does not, except for the length.
  const isWithin = (x === "0" || y === "0") && isWithinNumber(left, at);
  const [m, n] = [digitsFrom(left, at), digitsFrom(right, at)];
  return byNumber(isWithin ? `1${m}` : m, isWithin ? `1${n}` : n) || m.length - n.length || byCode(x, y);
}

/** Of texts of digits, which may be longer than any number should be. */
function byNumber(m: string, n: string): number {
  const [p, q] = [m.replace(/^0+/, ""), n.replace(/^0+/, "")];
  if (p.length !== q.length) return p.length - q.length;
  return p === q ? 0 : p < q ? -1 : 1;
}

function digitsFrom(text: Characters, at: number): string {
  const end = text.findIndex((character, index) => index >= at && !/[0-9]/.test(character));
  return text.slice(at, end < 0 ? undefined : end).join("");
}

/** Whether digits other than zero lead up to the place. */
function isWithinNumber(text: Characters, at: number): boolean {
  return /[1-9]0*$/.test(text.slice(0, at).join(""));
}
