const macros = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

interface CronField {
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const fields: readonly CronField[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: months },
  { least: 0, most: 6, names: weekdays },
];

/**
 * What is wrong with the schedule of a CronJob, or undefined: five fields of numbers, names, ranges, lists and steps, or
 * a macro such as `@hourly`. Source: robfig/cron v3 standard parser, batch validation.
 */
export function cronProblem(schedule: string): string | undefined {
  if (schedule.includes("TZ")) return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
  if (schedule.startsWith("@")) {
    if (macros.includes(schedule) || /^@every \S+$/.test(schedule)) return undefined;
    return `unrecognized descriptor: ${schedule}`;
  }
  const parts = schedule.trim().split(/\s+/);
  if (parts.length !== fields.length) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`;
  for (const [index, field] of fields.entries()) {
    for (const expression of parts[index]!.split(",")) {
      const problem = expressionProblem(expression, field);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function expressionProblem(expression: string, field: CronField): string | undefined {
  const [range = "", step, ...rest] = expression.split("/");
  if (rest.length > 0) return `too many slashes: ${expression}`;
  if (step !== undefined && !/^\d+$/.test(step)) return `failed to parse int from ${step}`;
  if (step !== undefined && Number(step) === 0) return `step of range should be a positive number: ${expression}`;
  if (range === "*" || range === "?") return undefined;
  const [first = "", last, ...more] = range.split("-");
  if (more.length > 0) return `too many hyphens: ${expression}`;
  const start = cronValue(first, field);
  const end = last === undefined ? start : cronValue(last, field);
  if (start === undefined) return `failed to parse int from ${first}`;
  if (end === undefined) return `failed to parse int from ${last}`;
  if (start < field.least) return `beginning of range (${start}) below minimum (${field.least}): ${expression}`;
  if (end > field.most) return `end of range (${end}) above maximum (${field.most}): ${expression}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${expression}`;
  return undefined;
}

/** A number, or a name counted from the field's first value. */
function cronValue(word: string, field: CronField): number | undefined {
  const named = field.names?.indexOf(word.toLowerCase()) ?? -1;
  if (named >= 0) return named + field.least;
  return /^\d+$/.test(word) ? Number(word) : undefined;
}
