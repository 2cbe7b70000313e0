import { formatTime } from "@homeostat/api";
import type { ReloadReport } from "../engine/observer.ts";

/** `text` is the sentence alone, which Stakater Reloader sends where it knows no better. */
export type Sink = "slack" | "teams" | "googleChat" | "customWebhook" | "text";

/** What is posted. */
export interface AlertMessage {
  readonly contentType: string;
  readonly body: string;
}

/**
 * The message of a reload in a sink's own form. Slack, Teams and Google Chat get a sentence; a
 * webhook of one's own gets the facts as JSON. Contents of Secrets are in none of them, nor hashes.
 *
 * @param additionalInfo put before the sentence
 */
export function alertMessage(sink: Sink, report: ReloadReport, additionalInfo?: string): AlertMessage {
  const text = sentence(report, additionalInfo);
  const failed = report.error !== undefined;
  switch (sink) {
    case "slack":
      return json({
        attachments: [{ color: failed ? "danger" : "good", author_name: "Reloader", text }],
      });
    case "teams":
      return json({ type: "message", text, attachments: [adaptiveCard(text)] });
    case "googleChat":
      return json({ text });
    case "text":
      return { contentType: "text/plain; charset=utf-8", body: text.replaceAll("*", "") };
    case "customWebhook":
      return json({
        event: failed ? "reload-failed" : "reload",
        workloadKind: report.workload.kind,
        workloadName: report.workload.name,
        workloadNamespace: report.workload.namespace,
        resources: report.sources.map(({ kind, namespace, name }) => ({ kind, namespace, name })),
        strategy: report.strategy,
        timestamp: formatTime(report.atMs),
        ...(additionalInfo === undefined ? {} : { additional: additionalInfo }),
      });
  }
}

/** What workflows of Teams take; the connectors that took a text alone are retired. */
function adaptiveCard(text: string): object {
  // There one asterisk means italics.
  const body = [{ type: "TextBlock", text: text.replaceAll("*", "**"), wrap: true }];
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.2",
    body,
  };
  return { contentType: "application/vnd.microsoft.card.adaptive", content };
}

const json = (value: object): AlertMessage => ({ contentType: "application/json", body: JSON.stringify(value) });

function sentence({ workload, sources, error }: ReloadReport, additionalInfo: string | undefined): string {
  const names = sources.map(
    ({ kind, namespace, name }) => `*${name}* of type *${kind.toUpperCase()}* in namespace *${namespace}*`,
  );
  const shown = names.length > 5 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  const target = `*${workload.name}* of type *${workload.kind}* in namespace *${workload.namespace}*`;
  const verb = error === undefined ? "Reloaded" : "Could not reload";
  const text = `${verb} ${target} because of changes in ${shown.join(", ")}`;
  return additionalInfo === undefined ? text : `${additionalInfo} : ${text}`;
}
