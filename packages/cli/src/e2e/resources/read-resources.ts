import { glob } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { JsonObject } from "@homeostat/api";
import { DocumentError } from "../documents/fields.ts";
import { parseDocuments, readDocuments } from "../documents/load-tests.ts";

/**
 * The objects that a file holds, that files of a pattern hold, or that a URL answers with; lists are taken apart.
 *
 * @param file from the test's folder
 * @throws DocumentError where nothing is there
 */
export async function readResources(file: string, folder: string, signal: AbortSignal): Promise<JsonObject[]> {
  const documents = /^https?:\/\//.test(file) ? await download(file, signal) : await readFiles(file, folder);
  const objects = documents.flatMap(takenApart);
  if (objects.length === 0) throw new DocumentError(`${file}: no object is in there`);
  for (const object of objects) {
    if (typeof object !== "object" || object === null || Array.isArray(object)) {
      throw new DocumentError(`${file}: expected objects, found ${JSON.stringify(object)}`);
    }
  }
  return objects as JsonObject[];
}

async function readFiles(file: string, folder: string): Promise<unknown[]> {
  const pattern = isAbsolute(file) ? file : join(folder, file);
  const paths: string[] = [];
  if (/[*?[{]/.test(file)) for await (const path of glob(pattern)) paths.push(path);
  else paths.push(pattern);
  if (paths.length === 0) throw new DocumentError(`${file}: no file in ${folder} has such a name`);
  const all: unknown[] = [];
  for (const path of paths.sort()) all.push(...(await readDocuments(path)));
  return all;
}

async function download(url: string, signal: AbortSignal): Promise<unknown[]> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw new DocumentError(`cannot get ${url}: ${(error as Error).message}`, { cause: error });
  });
  if (!response.ok) throw new DocumentError(`cannot get ${url}: status ${response.status}`);
  return parseDocuments(await response.text(), url);
}

function takenApart(document: unknown): unknown[] {
  const { kind, apiVersion, items } = (document ?? {}) as Record<string, unknown>;
  return kind === "List" && apiVersion === "v1" && Array.isArray(items) ? items : [document];
}
