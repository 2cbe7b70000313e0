/**
 * Name of an object that belongs to the resource `name`: `tempo-<name>-<component>`; without a component, or for the
 * component `tempo`, `tempo-<name>`. Sanitised, so that a resource named `a.b` has Services too.
 */
export function componentName(name: string, component = "tempo"): string {
  return dnsName(component === "tempo" || component === "" ? `tempo-${name}` : `tempo-${name}-${component}`);
}

/** Lower case; what no DNS label may hold becomes `-`, and `a` at either end. The length stays. */
export function dnsName(text: string): string {
  const last = text.length - 1;
  return [...text.toLowerCase()]
    .map((character, at) => (/[a-z0-9]/.test(character) ? character : at === 0 || at === last ? "a" : "-"))
    .join("");
}

/** Host name of a Service from anywhere in the cluster. */
export function serviceHost(service: string, namespace: string): string {
  return `${service}.${namespace}.svc.cluster.local`;
}
