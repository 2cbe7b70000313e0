import type { EnvVar } from "@homeostat/api";
import { readCommandLine } from "./command-line.ts";
import { defaultImages, type Images } from "./images.ts";
import { communitySettings, type OperatorSettings, openshiftSettings } from "./operator-settings.ts";
import type { Values } from "./options.ts";
import type { ProgramSettings } from "./program-settings.ts";
import { SettingsError } from "./settings-error.ts";
import { fileValues, flagValues, nothing, overlaid, type SourceValues, variableValues } from "./sources.ts";
import { tlsProfiles } from "./tls-profile.ts";

export interface SettingsSources {
  /** The command line, without the program. Default: nothing was typed. */
  readonly argv?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of the file that `--config` names. */
  readonly file?: string;
}

export interface LoadedSettings {
  readonly settings: OperatorSettings;
  readonly program: ProgramSettings;
  /** What was said without effect, and why: to be logged. */
  readonly warnings: readonly string[];
}

/**
 * Everything the operator is told: defaults of the distribution, then the file, then environment variables, then flags,
 * each winning over those before it.
 *
 * A variable with a bad value is ignored with a warning. Not so TLS_PROFILE and the images: to run with others than
 * were meant is worse than not to run. Neither the file and flags, which somebody is just writing.
 *
 * @throws SettingsError that names the variable, key or flag
 */
export function loadSettings({ argv = [], env, file }: SettingsSources): LoadedSettings {
  const { flags } = readCommandLine(argv);
  const source = overlaid([file === undefined ? nothing : fileValues(file), variableValues(env), flagValues(flags)]);
  const settings = operatorSettings(source, env);
  const program = programSettings(source.values, flags);
  return { settings, program, warnings: [...source.warnings, ...contradictions(settings)] };
}

function operatorSettings({ values, gates }: SourceValues, env: SettingsSources["env"]): OperatorSettings {
  const base = values.distribution === "openshift" ? openshiftSettings : communitySettings;
  const { roleArn, baseDomain, tlsProfile } = values;
  return {
    ...base,
    gates: { ...base.gates, ...gates },
    tlsProfile: tlsProfile ? tlsProfiles[tlsProfile] : base.tlsProfile,
    defaultPodSecurityContext: values.podSecurityContext ?? base.defaultPodSecurityContext,
    images: imagesOf(values),
    proxy: proxyOf(env),
    certificates: {
      caValidity: values.caValidity ?? base.certificates.caValidity,
      caRefresh: values.caRefresh ?? base.certificates.caRefresh,
      certValidity: values.certValidity ?? base.certificates.certValidity,
      certRefresh: values.certRefresh ?? base.certificates.certRefresh,
    },
    ...(roleArn ? { roleArn } : {}),
    ...(baseDomain ? { baseDomain } : {}),
  };
}

function imagesOf(values: Values): Images {
  const names = Object.keys(defaultImages) as (keyof Images)[];
  return Object.fromEntries(names.map((name) => [name, values[name] ?? defaultImages[name]])) as unknown as Images;
}

/** Each in both cases of letters: programs differ in which they read. */
function proxyOf(env: SettingsSources["env"]): readonly EnvVar[] {
  return ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].flatMap((name) => {
    const value = env[name] || env[name.toLowerCase()];
    return value ? [name, name.toLowerCase()].map((each) => ({ name: each, value })) : [];
  });
}

function contradictions({ certificates }: OperatorSettings): readonly string[] {
  const { caValidity, caRefresh, certValidity, certRefresh } = certificates;
  const late = (what: string) =>
    `${what} are renewed at 80 % of their validity, as their refresh comes later than their end`;
  return [
    ...(caRefresh > caValidity ? [late("certificate authorities")] : []),
    ...(certRefresh > certValidity ? [late("certificates of components")] : []),
  ];
}

function programSettings(values: Values, flags: SettingsSources["env"]): ProgramSettings {
  const { concurrency, reconcileTimeout, profilingAddress, kubeconfig } = values;
  const secure = values.metricsSecure ?? true;
  const directory = values.metricsCertDirectory;
  const certificate = directory && {
    directory,
    certificate: values.metricsCertFile ?? "tls.crt",
    key: values.metricsKeyFile ?? "tls.key",
  };
  return {
    watchNamespaces: values.watchNamespaces ?? [],
    controllers: {
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(reconcileTimeout === undefined ? {} : { timeoutMs: reconcileTimeout }),
    },
    leaderElection: electionOf(values),
    metrics: {
      bindAddress: values.metricsAddress ?? (secure ? ":8443" : ":8080"),
      secure,
      ...(certificate ? { certificate } : {}),
    },
    healthBindAddress: values.healthAddress ?? ":8081",
    webhooks: { enabled: values.webhooks ?? true, port: values.webhookPort ?? 9443 },
    ...(profilingAddress ? { profilingAddress } : {}),
    ...(kubeconfig ? { kubeconfig } : {}),
    ...logOf(flags),
  };
}

function electionOf(values: Values): ProgramSettings["leaderElection"] {
  const { leaseDuration = 15_000, renewDeadline = 10_000, retryPeriod = 2_000, electionNamespace } = values;
  const enabled = values.leaderElect ?? true;
  if (enabled && (leaseDuration <= renewDeadline || renewDeadline <= 1.2 * retryPeriod))
    throw new SettingsError(
      `leader election: the lease (${leaseDuration} ms) must be longer than the deadline to renew it (${renewDeadline} ms), ` +
        `and that longer than 1.2 times the time between tries (${retryPeriod} ms): set LEADER_ELECTION_LEASE_DURATION, ` +
        "_RENEW_DEADLINE and _RETRY_PERIOD",
    );
  return {
    enabled,
    id: values.electionId ?? "8b886b0f.grafana.com",
    ...(electionNamespace ? { namespace: electionNamespace } : {}),
    leaseDurationMs: leaseDuration,
    renewDeadlineMs: renewDeadline,
    retryPeriodMs: retryPeriod,
  };
}

function logOf(flags: SettingsSources["env"]): Pick<ProgramSettings, "logLevel" | "logFormat"> {
  const isForPeople = ["true", "1"].includes(flags["zap-devel"] ?? "");
  const level = flags["zap-log-level"] ?? (isForPeople ? "debug" : "info");
  const format = flags["zap-encoder"] ?? (isForPeople ? "console" : "json");
  if (format !== "json" && format !== "console")
    throw new SettingsError(`flag --zap-encoder: "${format}" must be json or console`);
  return { logLevel: levelOf(level), logFormat: format === "json" ? "json" : "text" };
}

function levelOf(level: string): ProgramSettings["logLevel"] {
  if (level === "info" || level === "debug" || level === "error") return level;
  if (/^[1-9]\d*$/.test(level)) return "debug";
  throw new SettingsError(`flag --zap-log-level: "${level}" must be info, debug, error or a positive number`);
}
