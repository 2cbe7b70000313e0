import { badRequest } from "@homeostat/api";

/**
 * Where a list goes on: after which key, and at which revision, so that all pages show one state. Revision -1 stands
 * for "the newest": what a client gets that comes too late for the state of its first page.
 * Source: apiserver `storage/continue.go` for the shape, which some clients look into.
 */
export interface ContinueToken {
  readonly revision: number;
  /** Key to go on after, without the prefix of the list. */
  readonly start: string;
}

export function encodeContinue({ revision, start }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: `${start}\u0000` })).toString(
    "base64url",
  );
}

/** @throws ApiError BadRequest */
export function decodeContinue(token: string): ContinueToken {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, "base64url").toString()) as {
      v?: unknown;
      rv?: unknown;
      start?: unknown;
    };
    if (
      v === "meta.k8s.io/v1" &&
      Number.isInteger(rv) &&
      typeof start === "string" &&
      start !== "" &&
      !start.startsWith("/") &&
      !start.includes("..")
    ) {
      return { revision: rv as number, start: start.replace(/\u0000$/, "") };
    }
  } catch {
    // Falls through to the one answer for all tokens that are not ours.
  }
  throw badRequest("continue key is not valid: start the list again without it");
}
