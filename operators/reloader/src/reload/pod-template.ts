import type { Container, EnvVar, PodTemplateSpec } from "@homeostat/api";
import { deletedHash, type SourceKind, variableName } from "../content/hash.ts";
import { lastReloadedFrom } from "../rules/annotation-keys.ts";

/** A resource whose change reloads a workload. */
export interface ReloadSource {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
  /** The container to change for it. */
  readonly container: string;
  /** Stakater Reloader's hash of its content; undefined: it is gone. */
  readonly hash: string | undefined;
}

export type ReloadStrategy = "env-vars" | "annotations";

/**
 * The pod template that makes a workload's own controller replace the pods, as Stakater Reloader would write it.
 * Undefined: the template says already that it runs with this content, and rolling it again would be for nothing.
 *
 * @param nowMs milliseconds since the epoch
 */
export function reloadedTemplate(
  template: PodTemplateSpec,
  sources: readonly ReloadSource[],
  strategy: ReloadStrategy,
  nowMs: number,
): PodTemplateSpec | undefined {
  return strategy === "env-vars" ? withVariables(template, sources, nowMs) : withAnnotation(template, sources, nowMs);
}

/** One variable for each source. That of a source that is gone is removed; where there is none, an annotation serves. */
function withVariables(
  template: PodTemplateSpec,
  sources: readonly ReloadSource[],
  nowMs: number,
): PodTemplateSpec | undefined {
  let containers: readonly Container[] = template.spec?.containers ?? [];
  const unnoticed: ReloadSource[] = [];
  for (const source of sources) {
    const name = variableName(source.kind, source.name);
    if (source.hash === undefined) {
      const without = containers.map((container) => withoutVariable(container, name));
      if (without.every((container, index) => container === containers[index])) unnoticed.push(source);
      containers = without;
    } else {
      const { container: target, hash: value } = source;
      containers = containers.map((each) => (each.name === target ? withVariable(each, { name, value }) : each));
    }
  }
  const changed = containers.some((container, index) => container !== template.spec?.containers[index]);
  if (changed) return { ...template, spec: { ...template.spec!, containers } };
  return unnoticed.length > 0 ? withAnnotation(template, unnoticed, nowMs) : undefined;
}

function withVariable(container: Container, variable: EnvVar): Container {
  const env = container.env ?? [];
  const existing = env.find(({ name }) => name === variable.name);
  if (existing?.value === variable.value) return container;
  if (existing === undefined) return { ...container, env: [...env, variable] };
  return { ...container, env: env.map((each) => (each === existing ? variable : each)) };
}

function withoutVariable(container: Container, name: string): Container {
  const env = container.env?.filter((variable) => variable.name !== name);
  return env === undefined || env.length === container.env!.length ? container : { ...container, env };
}

/** One annotation that names the source; of several the last one that it does not name yet. */
function withAnnotation(
  template: PodTemplateSpec,
  sources: readonly ReloadSource[],
  nowMs: number,
): PodTemplateSpec | undefined {
  const { annotations } = template.metadata ?? {};
  const source = sources.findLast((each) => !names(annotations?.[lastReloadedFrom], each));
  if (source === undefined) return undefined;
  // The order of the keys is Stakater Reloader's, too.
  const value = JSON.stringify({
    type: source.kind.toUpperCase(),
    name: source.name,
    namespace: source.namespace,
    hash: source.hash ?? deletedHash,
    containerRefs: [source.container],
    observedAt: Math.floor(nowMs / 1000),
  });
  return {
    ...template,
    metadata: { ...template.metadata, annotations: { ...annotations, [lastReloadedFrom]: value } },
  };
}

function names(text: string | undefined, source: ReloadSource): boolean {
  if (text === undefined) return false;
  try {
    const { type, name, namespace, hash } = (JSON.parse(text) ?? {}) as Record<string, unknown>;
    const same = name === source.name && namespace === source.namespace && type === source.kind.toUpperCase();
    return same && hash === (source.hash ?? deletedHash);
  } catch {
    return false;
  }
}
