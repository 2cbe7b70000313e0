import type { Clock } from "@homeostat/api";

/** Counts calls of admission webhooks under upstream's names. */
export interface WebhookMetrics {
  /** A call begins. @returns to be called with its outcome */
  start(call: WebhookCallLabels): (outcome: "allowed" | "rejected" | "failed" | "failed open") => void;
  /** In the text format of Prometheus; empty until a webhook was called. */
  render(): string;
}

export interface WebhookCallLabels {
  readonly name: string;
  readonly type: string;
  readonly operation: string;
}

interface Series {
  readonly labels: string;
  count: number;
  seconds: number;
}

export function createWebhookMetrics(clock: Clock): WebhookMetrics {
  const calls = new Map<string, Series>();
  const rejections = new Map<string, Series>();
  const open = new Map<string, Series>();
  const add = (into: Map<string, Series>, labels: Record<string, string>, seconds: number): void => {
    const key = Object.entries(labels)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(",");
    const series = into.get(key) ?? { labels: key, count: 0, seconds: 0 };
    into.set(key, series);
    series.count++;
    series.seconds += seconds;
  };
  return {
    start({ name, type, operation }) {
      const from = clock.monotonic();
      return (outcome) => {
        const seconds = (clock.monotonic() - from) / 1000;
        const rejected = outcome === "rejected" || outcome === "failed";
        add(calls, { name, operation, rejected: String(rejected), type }, seconds);
        if (outcome === "failed open") add(open, { name, type }, 0);
        if (rejected) {
          const reason = outcome === "failed" ? "calling_webhook_error" : "no_error";
          add(rejections, { error_type: reason, name, operation, type }, 0);
        }
      };
    },
    render() {
      if (calls.size === 0) return "";
      const duration = "apiserver_admission_webhook_admission_duration_seconds";
      return [
        `# HELP ${duration} How long calls of admission webhooks took.`,
        `# TYPE ${duration} summary`,
        ...[...calls.values()].flatMap(({ labels, count, seconds }) => [
          `${duration}_sum{${labels}} ${seconds}`,
          `${duration}_count{${labels}} ${count}`,
        ]),
        ...counter("rejection_count", "Requests that admission webhooks, or their failures, refused.", rejections),
        ...counter("fail_open_count", "Failed calls of admission webhooks that let the request pass.", open),
        "",
      ].join("\n");
    },
  };
}

function counter(name: string, help: string, series: ReadonlyMap<string, Series>): string[] {
  if (series.size === 0) return [];
  const full = `apiserver_admission_webhook_${name}`;
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} counter`,
    ...[...series.values()].map(({ labels, count }) => `${full}{${labels}} ${count}`),
  ];
}
