import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileError } from "../../errors.ts";
import type { ReportFormat } from "../documents/configuration.ts";
import { jsonReport } from "./json.ts";
import { junitReport } from "./junit.ts";
import type { SuiteReport } from "./report.ts";

export interface ReportOptions {
  readonly format: ReportFormat;
  /** Folder, from `cwd`. */
  readonly path: string;
  /** Name of the file, without extension unless it has one. */
  readonly name: string;
}

/** @returns where it was written. @throws CommandError */
export async function writeReport(report: SuiteReport, options: ReportOptions, cwd: string): Promise<string> {
  const { format, path, name } = options;
  const extension = format === "JSON" ? "json" : "xml";
  const file = resolve(cwd, join(path, name.endsWith(`.${extension}`) ? name : `${name}.${extension}`));
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, textOf(report, format));
  } catch (error) {
    throw fileError("write the report", file, error, "choose another folder with --report-path");
  }
  return file;
}

/** `XML` is an older name of `JUNIT-TEST`. */
function textOf(report: SuiteReport, format: ReportFormat): string {
  if (format === "JSON") return jsonReport(report);
  if (format === "JUNIT-STEP") return junitReport(report, "step");
  return junitReport(report, format === "JUNIT-OPERATION" ? "operation" : "test");
}
