import { type GcsParams, tokenFile } from "./params.ts";
import { missingKeys, type SecretData, type SecretReading } from "./secret-data.ts";

/** The parts of a Google credentials file that are looked at. */
interface KeyFile {
  readonly type?: unknown;
  readonly credential_source?: { readonly file?: unknown } | null;
}

/** Reads the Secret of a Google bucket. Without a stated mode the credentials file tells it. */
export function readGcsSecret(data: SecretData, stated: GcsParams["mode"] | undefined): SecretReading<GcsParams> {
  const text = data["key.json"];
  if (stated === "static") return staticParams(data);
  if (!text) return missingKeys(data, stated === "token" ? ["bucketname", "key.json"] : ["key.json"]);
  const keyFile = parsed(text);
  if (keyFile === undefined) return ['storage secret "key.json" field cannot be parsed from JSON'];
  const mode = stated ?? (keyFile.type === "external_account" ? "token" : "static");
  if (mode === "static") return staticParams(data);
  const problems = [...missingKeys(data, ["bucketname"]), ...sourceProblems(keyFile)];
  if (problems.length > 0) return problems;
  return {
    params: { type: "gcs", mode, bucket: data["bucketname"] ?? "", audience: data["audience"] || "openshift" },
  };
}

/** The bucket's name is not demanded here: Secrets without one are in use, with the bucket set by extraConfig. */
function staticParams(data: SecretData): SecretReading<GcsParams> {
  const bucket = data["bucketname"] ?? "";
  return {
    params: { type: "gcs", mode: "static", bucket },
    warnings: bucket === "" ? missingKeys(data, ["bucketname"]) : [],
  };
}

function parsed(text: string): KeyFile | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function sourceProblems({ credential_source: source }: KeyFile): string[] {
  return source?.file === tokenFile
    ? []
    : [`storage secret "key.json" field: credential_source.file must point to the token file ${tokenFile}`];
}
