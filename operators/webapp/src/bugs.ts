import { ConfigMap, formatMicroTime, type KubeObject, ownerReference } from "@homeostat/api";
import { type ControllerDefinition, controllerFor, type ReconcileContext } from "@homeostat/runtime";
import { WebApp } from "./api.ts";
import { webAppController } from "./controller.ts";
import { configMap, configMapName } from "./resources/config-map.ts";

/**
 * The classic ways to write an operator that never rests, to see the loop guard at work. Each is the mistake in its
 * usual form; none is a part of the operator that runs without being asked for by name.
 */
export const bugs = {
  "status-timestamp": "writes the time into status on every pass, and looks at every change of the WebApp",
  "spec-write": "writes a field of the spec on every pass",
  "recreate-child": "deletes and creates the ConfigMap on every pass",
  rivals: "two controllers want different messages in one ConfigMap",
} as const;

export type Bug = keyof typeof bugs;

export function isBug(name: string): name is Bug {
  return Object.hasOwn(bugs, name);
}

/** The operator's controllers with one bug in them. */
export function buggyControllers(bug: Bug): ControllerDefinition<WebApp>[] {
  switch (bug) {
    case "status-timestamp":
      return [statusTimestamp()];
    case "spec-write":
      return [specWrite()];
    case "recreate-child":
      return [recreateChild()];
    case "rivals":
      return [webAppController(), rival()];
  }
}

/** Lets every change through: the status writes of the controller itself wake it again. */
const everything = (): ReturnType<typeof controllerFor<WebApp>> =>
  controllerFor(WebApp).withPredicates().owns(ConfigMap);

async function ensureConfigMap({ object, client }: ReconcileContext<WebApp>): Promise<void> {
  await client.apply(ConfigMap, owned(object, configMap(object)), { force: true });
}

function owned<T extends KubeObject>(app: ReconcileContext<WebApp>["object"], child: T): T {
  return {
    ...child,
    metadata: {
      ...child.metadata,
      namespace: app.metadata.namespace,
      ownerReferences: [ownerReference(app, { controller: true })],
    },
  };
}

function statusTimestamp(): ControllerDefinition<WebApp> {
  return everything().reconcile(async (context) => {
    await ensureConfigMap(context);
    const { object, client, clock, reconcileID } = context;
    const lastReconciled = `${formatMicroTime(clock.now())} by ${reconcileID}`;
    await client.status.patchMerge(WebApp, keyOf(object), {
      status: { phase: "Ready", configMapName: configMapName(object.metadata.name), lastReconciled },
    });
  });
}

function specWrite(): ControllerDefinition<WebApp> {
  return everything().reconcile(async (context) => {
    await ensureConfigMap(context);
    const { object, client } = context;
    // "Normalising" a field the user owns, and getting it wrong.
    await client.patchMerge(WebApp, keyOf(object), { spec: { replicas: object.spec.replicas === 1 ? 2 : 1 } });
  });
}

function recreateChild(): ControllerDefinition<WebApp> {
  return everything().reconcile(async ({ object, client }) => {
    const child = owned(object, configMap(object));
    const key = { namespace: object.metadata.namespace!, name: configMapName(object.metadata.name) };
    if (await client.find(ConfigMap, key, { from: "live" })) await client.delete(ConfigMap, key);
    await client.create(ConfigMap, child);
  });
}

/** Wants the same field of the same ConfigMap to say something else, and insists. */
function rival(): ControllerDefinition<WebApp> {
  return controllerFor(WebApp, { name: "webapp-rival" })
    .watches(ConfigMap, (map) =>
      map.metadata.ownerReferences
        .filter(({ kind }) => kind === "WebApp")
        .map(({ name }) => ({ namespace: map.metadata.namespace!, name })),
    )
    .reconcile(async ({ object, client }) => {
      const key = { namespace: object.metadata.namespace!, name: configMapName(object.metadata.name) };
      const live = await client.find(ConfigMap, key);
      if (!live || live.data?.["message"] === shout(object.spec.message)) return;
      const wanted = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { ...key },
        data: { message: shout(object.spec.message) },
      };
      await client.apply(ConfigMap, wanted, { force: true });
    });
}

const shout = (message: string): string => `${message.toUpperCase()}!`;

const keyOf = (object: ReconcileContext<WebApp>["object"]) => ({
  namespace: object.metadata.namespace!,
  name: object.metadata.name,
});
