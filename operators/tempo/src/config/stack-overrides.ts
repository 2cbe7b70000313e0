import type { DefaultedStackSpec } from "../defaults/default-stack.ts";
import { isZeroDuration } from "../defaults/normal-form.ts";
import { sizeDefaults } from "../sizing/sizes.ts";
import { compactYaml, entriesOf, quoted, type YamlBlock, type YamlNode } from "./yaml-text.ts";

const statedDuration = (text: string | undefined) => (isZeroDuration(text) ? undefined : text);

/** The limits for all tenants; undefined where nothing is limited. What the user states wins over the size, each by each. */
export function globalOverrides({ limits, size, template, retention }: DefaultedStackSpec): YamlBlock | undefined {
  const { ingestion, query } = limits?.global ?? {};
  const bySize = size && sizeDefaults[size].limits;
  const generator = template.metricsGenerator;
  const hasTenants = [limits?.perTenant, retention.perTenant].some((map) => Object.keys(map ?? {}).length > 0);
  const block = {
    ingestion_burst_size_bytes: ingestion?.ingestionBurstSizeBytes ?? bySize?.burst,
    ingestion_rate_limit_bytes: ingestion?.ingestionRateLimitBytes ?? bySize?.rate,
    max_traces_per_user: ingestion?.maxTracesPerUser ?? bySize?.tracesPerUser,
    max_bytes_per_trace: ingestion?.maxBytesPerTrace,
    max_bytes_per_tag_values_query: query?.maxBytesPerTagValues,
    max_search_duration: statedDuration(query?.maxSearchDuration),
    metrics_generator_processors: generator?.enabled ? generator.processors : undefined,
    per_tenant_override_config: hasTenants ? "/conf/overrides.yaml" : undefined,
  };
  return entriesOf(block).length > 0 ? block : undefined;
}

/** `overrides.yaml`: limits and retention by tenant, which Tempo reads again while it runs. */
export function overridesYaml({ limits, retention }: Pick<DefaultedStackSpec, "limits" | "retention">): string {
  const tenants = new Set([...Object.keys(limits?.perTenant ?? {}), ...Object.keys(retention.perTenant ?? {})]);
  const blocks = new Map<string, YamlNode>();
  for (const tenant of [...tenants].toSorted()) {
    const limit = limits?.perTenant?.[tenant];
    blocks.set(quoted(tenant).text, tenantBlock(limit, retention.perTenant?.[tenant]));
  }
  return compactYaml({ overrides: blocks });
}

type TenantLimits = NonNullable<NonNullable<DefaultedStackSpec["limits"]>["perTenant"]>[string];

type TenantRetention = NonNullable<DefaultedStackSpec["retention"]["perTenant"]>[string];

function tenantBlock({ ingestion, query }: TenantLimits = {}, retention: TenantRetention | undefined): YamlBlock {
  const maxBytesPerTrace = ingestion?.maxBytesPerTrace;
  return {
    ingestion: {
      burst_size_bytes: ingestion?.ingestionBurstSizeBytes,
      rate_limit_bytes: ingestion?.ingestionRateLimitBytes,
      max_traces_per_user: ingestion?.maxTracesPerUser,
    },
    read: {
      max_bytes_per_tag_values_query: query?.maxBytesPerTagValues,
      max_search_duration: statedDuration(query?.maxSearchDuration),
    },
    // Zero means to Tempo: as for everybody.
    compaction: retention === undefined ? undefined : { block_retention: retention.traces ?? "0s" },
    // Under `ingestion` Tempo knows no such key, and refuses the whole file.
    global: maxBytesPerTrace === undefined ? undefined : { max_bytes_per_trace: maxBytesPerTrace },
  };
}
