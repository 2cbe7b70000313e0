import type { DefinedResource, KubeObject, Resource } from "@homeostat/api";
import type { ControllerDefinition, Manager } from "@homeostat/runtime";
import { UsageError } from "./errors.ts";
import type { OperatorWebhooks } from "./operator-webhooks.ts";

/** An operator as `homeostat` runs it. */
export interface Operator {
  readonly name: string;
  readonly resources: readonly DefinedResource[];
  // biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
  controllers(options: { readonly bug?: BugName }): ControllerDefinition<any>[];
  /** In the order of making. */
  readonly samples: readonly { readonly resource: Resource; readonly object: KubeObject }[];
  /** What runs beside its controllers. Default: nothing. */
  readonly setup?: (manager: Manager) => void;
  /** Default: it has none. */
  readonly webhooks?: OperatorWebhooks;
}

/** What to try with an operator's samples: a command, and what happens. */
export interface Try {
  readonly command: string;
  readonly shows: string;
}

/** Loops that an operator can be made to run into, by its own names. Listed here so that help need not load it. */
export const bugNames = ["status-timestamp", "spec-write", "recreate-child", "rivals"] as const;
export type BugName = (typeof bugNames)[number];

/** The operator that has them. */
export const buggyOperator = "webapp";

/** What is known of an operator before it is loaded, which takes a while and is done when it is needed. */
interface Listed {
  readonly tries: readonly Try[];
  load(): Promise<Operator>;
}

const listed: Readonly<Record<string, Listed>> = {
  webapp: {
    tries: [
      { command: "kubectl delete configmap hello-config", shows: "it comes back at once" },
      {
        command: `kubectl patch webapp hello --type merge -p '{"spec":{"message":"Hi"}}'`,
        shows: "the ConfigMap follows",
      },
    ],
    async load() {
      const { WebApp, webAppOperator } = await import("@homeostat/webapp");
      return {
        name: webAppOperator.name,
        resources: webAppOperator.resources,
        controllers: (options) => webAppOperator.controllers(options),
        samples: [{ resource: WebApp, object: webAppOperator.sample }],
      };
    },
  },
  reloader: {
    tries: [
      {
        command: `kubectl patch secret shop-db -p '{"stringData":{"password":"two"}}'`,
        shows: "Deployment shop rolls, once",
      },
      { command: "kubectl get events --field-selector involvedObject.name=shop", shows: "what for, or why not" },
    ],
    async load() {
      const [{ ReloaderConfig, reloaderOperator }, { Deployment, Secret }] = await Promise.all([
        import("@homeostat/reloader"),
        import("@homeostat/api"),
      ]);
      const [secret, deployment, config] = reloaderOperator.samples;
      return {
        name: reloaderOperator.name,
        resources: reloaderOperator.resources,
        controllers: () => reloaderOperator.controllers(),
        samples: [
          { resource: Secret, object: secret },
          { resource: Deployment, object: deployment },
          { resource: ReloaderConfig, object: config },
        ],
      };
    },
  },
  tempo: {
    tries: [
      { command: "kubectl delete service tempo-simplest-querier", shows: "it comes back at once" },
      {
        command: `kubectl patch secret minio-test -p '{"stringData":{"bucket":"tempo2"}}'`,
        shows: "configuration and pods follow",
      },
    ],
    async load() {
      const tempo = await import("@homeostat/tempo");
      const upgrades = tempo.upgradeCounter();
      const { name, resources, controllers, samples } = tempo.tempoOperator({ upgrades });
      const namespace = "tempo-operator-system";
      return {
        name,
        resources,
        controllers,
        samples,
        setup: (manager) => tempo.registerOperatorMetrics(manager, upgrades),
        webhooks: {
          serve: (manager, where) =>
            tempo.addTempoWebhooks(manager, { settings: tempo.communitySettings, namespace, ...where }),
          configurations: tempo.webhookConfigurations({ namespace, selector: {} }),
        },
      };
    },
  },
};

export const operatorNames: readonly string[] = Object.keys(listed);

/** @throws UsageError naming those there are */
export function parseOperatorNames(text: string): string[] {
  if (text === "none") return [];
  const names = [...new Set(text.split(",").map((name) => name.trim()))].filter((name) => name !== "");
  if (names.length === 0) throw new UsageError("--operators is empty: name some, or say none");
  for (const name of names) {
    if (!operatorNames.includes(name)) throw new UsageError(unknownOperator(name));
  }
  return names;
}

export function unknownOperator(name: string): string {
  return `there is no operator "${name}": there ${operatorNames.length === 1 ? "is" : "are"} ${operatorNames.join(", ")} (or none)`;
}

/** What to try with the samples of these operators. Loads none of them. */
export function triesOf(names: readonly string[]): Try[] {
  return names.flatMap((name) => listed[name]!.tries);
}

export function loadOperator(name: string): Promise<Operator> {
  return listed[name]!.load();
}

export function loadOperators(names: readonly string[]): Promise<Operator[]> {
  return Promise.all(names.map(loadOperator));
}
