import type { JsonObject } from "@homeostat/api";
import { struct, structs, text } from "./json-fields.ts";

/**
 * What is accepted but surely not meant, in a pod or a pod template. Source: core `pod.GetWarningsForPod`.
 *
 * @param holder the object with `metadata` and `spec` of a pod
 * @param path field path of the spec
 */
export function podTemplateWarnings(holder: JsonObject | undefined, path: string): string[] {
  const spec = struct(holder, "spec");
  const warnings: string[] = [];
  for (const list of ["initContainers", "containers"]) {
    structs(spec, list).forEach((container, index) => {
      warnings.push(...containerWarnings(container, `${path}.${list}[${index}]`));
    });
  }
  return warnings;
}

function containerWarnings(container: JsonObject, path: string): string[] {
  const warnings: string[] = [];
  const names = new Set<string>();
  structs(container, "env").forEach((variable, index) => {
    const name = text(variable, "name");
    // A later variable may be built from the earlier one of its name, so only plain repetition is suspicious.
    if (names.has(name) && !text(variable, "value").includes(`$(${name})`)) {
      warnings.push(
        `${path}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`,
      );
    }
    names.add(name);
  });
  const ports = new Map<string, number>();
  structs(container, "ports").forEach((port, index) => {
    const id = `${String(port["containerPort"])}/${text(port, "protocol")}/${text(port, "hostIP")}/${String(port["hostPort"] ?? 0)}`;
    const first = ports.get(id);
    if (first === undefined) ports.set(id, index);
    else warnings.push(`${path}.ports[${index}]: duplicate port definition with ${path}.ports[${first}]`);
  });
  return warnings;
}
