import { execFile } from "node:child_process";
import type { Clock } from "@homeostat/api";
import { bearer, type CredentialSource, type Credentials } from "./credentials.ts";

/**
 * Credentials from a program named in a kubeconfig (`aws eks get-token`, `gke-gcloud-auth-plugin` …), kept until they
 * expire or the server refuses them.
 *
 * Source: KEP-541, client.authentication.k8s.io/v1 `ExecCredential`.
 */
export interface ExecConfig {
  readonly apiVersion: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
  readonly interactiveMode?: "Never" | "IfAvailable" | "Always";
}

/** Runs a program to its end and answers with its standard output; rejects with what it said where it failed. */
export type RunProgram = (
  command: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
) => Promise<string>;

export interface ExecCredentialOptions {
  readonly exec: ExecConfig;
  /** What the program is told of the cluster, where it asks. */
  readonly cluster: Readonly<Record<string, unknown>>;
  /** The environment the program gets, beneath its own settings. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Default: start the program. */
  readonly run?: RunProgram;
}

/** A credential plugin failed; the message names it and says what to do. */
export class ExecCredentialError extends Error {
  override readonly name = "ExecCredentialError";
  readonly code = "EXEC_CREDENTIAL";
}

const versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
/** A credential about to expire would be refused by the time it arrives. */
const leewayMs = 10_000;

export function execCredentials(options: ExecCredentialOptions): CredentialSource {
  const { exec } = options;
  const fail = (problem: string, cause?: unknown): ExecCredentialError =>
    new ExecCredentialError(
      `credential plugin ${JSON.stringify(exec.command)}: ${problem}`,
      cause === undefined ? undefined : { cause },
    );
  if (!versions.includes(exec.apiVersion))
    throw fail(`apiVersion ${JSON.stringify(exec.apiVersion)} is not supported; use ${versions.join(" or ")}`);

  let current: { readonly credentials: Credentials; readonly expiresAt: number } | undefined;
  let running: Promise<Credentials> | undefined;

  const obtain = async (): Promise<Credentials> => {
    const output = await (options.run ?? runProgram)(exec.command, exec.args ?? [], {
      env: environment(options),
    }).catch((error) => {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      throw fail(
        missing
          ? `program not found${exec.installHint ? `; ${exec.installHint.trim()}` : "; install it or put it on PATH"}`
          : (error as Error).message,
        error,
      );
    });
    current = readCredential(output, exec, fail);
    return current.credentials;
  };

  return {
    get() {
      if (current && options.clock.now() < current.expiresAt - leewayMs) return current.credentials;
      // Requests that come together share one run.
      running ??= obtain().finally(() => {
        running = undefined;
      });
      return running;
    },
    invalidate() {
      current = undefined;
    },
  };
}

function environment(options: ExecCredentialOptions): Record<string, string> {
  const { exec } = options;
  const info = {
    apiVersion: exec.apiVersion,
    kind: "ExecCredential",
    spec: { ...(exec.provideClusterInfo ? { cluster: options.cluster } : {}), interactive: false },
  };
  const inherited = Object.entries(options.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...Object.fromEntries(inherited),
    ...Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value])),
    KUBERNETES_EXEC_INFO: JSON.stringify(info),
  };
}

interface ExecCredential {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

function readCredential(
  output: string,
  exec: ExecConfig,
  fail: (problem: string, cause?: unknown) => Error,
): { credentials: Credentials; expiresAt: number } {
  let answer: ExecCredential;
  try {
    answer = JSON.parse(output);
  } catch (error) {
    // What it printed may hold a token: never shown.
    throw fail("its output is no JSON; it must print an ExecCredential", error);
  }
  if (answer?.kind !== "ExecCredential") throw fail("it did not print an ExecCredential");
  if (answer.apiVersion !== exec.apiVersion)
    throw fail(
      `it answered with apiVersion ${JSON.stringify(answer.apiVersion)}, configured is ${JSON.stringify(exec.apiVersion)}`,
    );
  const status = answer.status;
  if (!status?.token && !status?.clientCertificateData)
    throw fail("its answer has neither a token nor a client certificate");
  if (Boolean(status.clientCertificateData) !== Boolean(status.clientKeyData))
    throw fail("its answer has a client certificate without its key, or a key without its certificate");
  const expiresAt =
    status.expirationTimestamp === undefined ? Number.POSITIVE_INFINITY : Date.parse(status.expirationTimestamp);
  if (Number.isNaN(expiresAt))
    throw fail(
      `its answer has the expirationTimestamp ${JSON.stringify(status.expirationTimestamp)}, which is no time`,
    );
  return {
    credentials: {
      ...(status.token ? bearer(status.token) : {}),
      ...(status.clientCertificateData
        ? { clientCertificate: { cert: status.clientCertificateData, key: status.clientKeyData! } }
        : {}),
    },
    expiresAt,
  };
}

const runProgram: RunProgram = (command, args, { env, signal }) =>
  new Promise((resolve, reject) => {
    const child = execFile(
      command,
      [...args],
      { env, ...(signal ? { signal } : {}), maxBuffer: 4 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        if (error.code === "ENOENT") return reject(error);
        const said = stderr.trim().split("\n").slice(-3).join("; ").slice(0, 500);
        reject(new Error(`it failed with exit code ${error.code ?? error.signal}${said ? `: ${said}` : ""}`));
      },
    );
    child.stdin?.end();
  });
