/** What all objects of one instance carry. `app`: `tempo`, or `tempo-monolithic`. */
export function commonLabels(instance: string, app: AppName = "tempo"): Readonly<Record<string, string>> {
  return {
    "app.kubernetes.io/name": app,
    "app.kubernetes.io/instance": instance,
    "app.kubernetes.io/managed-by": "tempo-operator",
  };
}

export type AppName = "tempo" | "tempo-monolithic";

/** Labels of one component's objects and pods; also what selects the pods. */
export function componentLabels(instance: string, component: string, app?: AppName): Readonly<Record<string, string>> {
  return { ...commonLabels(instance, app), "app.kubernetes.io/component": component };
}

/** Of objects outside of namespaces, which have no owner reference to be found by. */
export function clusterScopedLabels(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  component: string,
  app?: AppName,
): Readonly<Record<string, string>> {
  return { ...componentLabels(name, component, app), "app.kubernetes.io/namespace": namespace };
}
