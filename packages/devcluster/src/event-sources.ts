import type { Clock, KubeObject } from "@homeostat/api";
import {
  type Client,
  type ControllerDefinition,
  EventRecorder,
  type Logger,
  type ReconcileContext,
  type Recorder,
  type Runnable,
} from "@homeostat/runtime";

/**
 * Programs and controllers that report under another name than that of the controller that plays them here. Source:
 * the component names of kube-controller-manager, kube-scheduler and kubelet.
 */
const components: Readonly<Record<string, string>> = {
  scheduler: "default-scheduler",
  "pod-eviction-controller": "taint-eviction-controller",
  "node-lifecycle-controller": "node-controller",
  disruption: "controllermanager",
  "persistentvolume-binder": "persistentvolume-controller",
  persistentvolume: "persistentvolume-controller",
  "service-lb": "service-controller",
  "garbage-collector": "garbage-collector-controller",
};

export interface EventSourcesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Who reports the events of a cluster. Its controllers share a manager, but on a cluster they are a scheduler, a
 * kubelet on each node and the parts of a controller manager, and `kubectl describe` shows which of them spoke.
 */
export class EventSources implements Runnable {
  readonly name = "event-sources";
  /** After the controllers, which may have something to say while they stop. */
  readonly group = "caches";
  readonly #options: EventSourcesOptions;
  readonly #recorders = new Map<string, EventRecorder>();

  constructor(options: EventSourcesOptions) {
    this.#options = options;
  }

  /** @param controller name of the controller here @param node of a kubelet */
  recorder(controller: string, node?: string): Recorder {
    const component = components[controller] ?? controller;
    const instance = node ?? component;
    const key = `${component}/${instance}`;
    let recorder = this.#recorders.get(key);
    if (!recorder) {
      recorder = new EventRecorder({ ...this.#options, controller: component, instance });
      this.#recorders.set(key, recorder);
    }
    return recorder;
  }

  /** The same controller, whose events are its own. */
  named<T extends KubeObject>(definition: ControllerDefinition<T>): ControllerDefinition<T> {
    return { ...definition, reconcile: (context) => definition.reconcile(this.#withEvents(definition.name, context)) };
  }

  #withEvents<T extends KubeObject>(controller: string, context: ReconcileContext<T>): ReconcileContext<T> {
    const events: PropertyDescriptor = {
      enumerable: true,
      get: () => this.recorder(controller, nodeOf(controller, context.object)).for(context.object),
    };
    // Other members stay as lazy as they are.
    return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(context), events }) as ReconcileContext<T>;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    }
    await Promise.all([...this.#recorders.values()].map((recorder) => recorder.stop()));
  }
}

/** Each node has a kubelet of its own. */
function nodeOf(controller: string, object: KubeObject): string | undefined {
  if (controller !== "kubelet") return undefined;
  return (object as { readonly spec?: { readonly nodeName?: string } }).spec?.nodeName;
}
