import type { CredentialMode } from "../api/object-storage.ts";
import type { S3Params } from "./params.ts";
import { bothKinds, missingKeys, type SecretData, type SecretReading } from "./secret-data.ts";

const keysOf = {
  static: ["bucket", "endpoint", "access_key_id", "access_key_secret"],
  token: ["bucket", "region", "role_arn"],
  "token-cco": ["bucket", "region"],
} as const satisfies Readonly<Record<CredentialMode, readonly string[]>>;

/** Reads the Secret of an S3 bucket. Without a stated mode the keys tell it. */
export function readS3Secret(data: SecretData, stated: CredentialMode | undefined): SecretReading<S3Params> {
  const mode = stated ?? inferredMode(data);
  if (mode === undefined) return [bothKinds];
  const problems = [...missingKeys(data, keysOf[mode]), ...(mode === "static" ? endpointProblems(data) : [])];
  if (problems.length > 0) return problems;
  const { bucket = "", endpoint = "", region = "", role_arn: roleArn = "" } = data;
  if (mode === "static") {
    const host = endpoint.replace(/^https?:\/\//, "");
    return { params: { type: "s3", mode, bucket, endpoint: host, isHttps: endpoint.startsWith("https://") } };
  }
  const onAws = { bucket, endpoint: `s3.${region}.amazonaws.com`, isHttps: true, region };
  return { params: { type: "s3", mode, ...onAws, ...(mode === "token" ? { roleArn } : {}) } };
}

/** Undefined where the keys speak for both kinds. */
function inferredMode(data: SecretData): CredentialMode | undefined {
  const has = (key: string) => data[key] !== undefined;
  const isShortLived = ["region", "role_arn"].some(has);
  const isLongLived = ["endpoint", "access_key_id", "access_key_secret"].some(has);
  if (isShortLived && isLongLived) return undefined;
  return isShortLived ? "token" : "static";
}

function endpointProblems({ endpoint }: SecretData): string[] {
  if (!endpoint) return [];
  // What reads URLs here drops line ends without a word; Tempo is told the text as it is.
  if (/[\s\u0000-\u001f\u007f]/.test(endpoint))
    return ['storage secret "endpoint" field must be a valid URL: it has blanks or a line end, as `echo` adds one'];
  return URL.canParse(endpoint) ? [] : ['storage secret "endpoint" field must be a valid URL, as in http://minio:9000'];
}
