import type { Fields, Shape } from "./fields.ts";

/** The fields of Tests, steps and operations, for finding misspelt ones; what they mean is said in test-document.ts. */

const languages = ["jp", "cel"];
const propagation = ["Orphan", "Background", "Foreground"];
const bindings: Shape = { list: { fields: { "name!": "text", value: "any", compiler: languages } } };
const outputs: Shape = { list: { fields: { match: "any", "name!": "text", value: "any", compiler: languages } } };
const clusters: Shape = { values: { fields: { kubeconfig: "text", context: "text" } } };
export const timeoutFields: Shape = {
  fields: {
    apply: "duration",
    assert: "duration",
    cleanup: "duration",
    delete: "duration",
    error: "duration",
    exec: "duration",
  },
};
const scope = { cluster: "text", clusters, bindings, compiler: languages } as const;
const stepScope = {
  ...scope,
  timeouts: timeoutFields,
  skipDelete: "boolean",
  template: "boolean",
  deletionPropagationPolicy: propagation,
} as const;

const common = { ...scope, timeout: "duration", outputs } as const;
const resource = { ...common, file: "text", resource: "map", template: "boolean" } as const;
const expect: Shape = { list: { fields: { match: "any", "check!": "any" } } };
const write: Fields = { fields: { ...resource, expect, dryRun: "boolean", subresource: "text" } };
const exec = {
  ...common,
  env: { list: { fields: { "name!": "text", value: "any" } } },
  workDir: "text",
  check: "any",
  skipLogOutput: "boolean",
  skipCommandOutput: "boolean",
} as const;
const kubectl = {
  ...common,
  apiVersion: "text",
  kind: "text",
  resource: "text",
  name: "text",
  namespace: "text",
  selector: "text",
  format: "text",
} as const;
const reference: Shape = {
  fields: { apiVersion: "text", kind: "text", name: "text", namespace: "text", labels: { values: "any" } },
};

const actions: Readonly<Record<string, Shape>> = {
  apply: write,
  create: write,
  update: write,
  patch: write,
  assert: { fields: resource },
  error: { fields: resource },
  delete: { fields: { ...resource, ref: reference, expect, deletionPropagationPolicy: propagation } },
  command: { fields: { ...exec, "entrypoint!": "text", args: { list: "text" } } },
  script: { fields: { ...exec, "content!": "text", shell: "text", shellArgs: { list: "text" } } },
  sleep: { fields: { ...common, "duration!": "duration" } },
  wait: {
    fields: {
      ...kubectl,
      "for!": {
        fields: {
          create: "map",
          deletion: "map",
          condition: { fields: { "name!": "text", value: "text" } },
          jsonPath: { fields: { "path!": "text", value: "text" } },
        },
      },
    },
  },
  get: { fields: kubectl },
  events: { fields: kubectl },
  describe: { fields: { ...kubectl, showEvents: "boolean" } },
  podLogs: { fields: { ...kubectl, container: "text", tail: "number" } },
  proxy: { fields: { ...kubectl, port: "any", path: "text" } },
};

export const tryActions: readonly string[] = Object.keys(actions);
/** What may be done about a failure, or to clean up. */
export const catchActions: readonly string[] = [
  "podLogs",
  "events",
  "describe",
  "wait",
  "get",
  "delete",
  "command",
  "script",
  "sleep",
];

const operation: Shape = {
  fields: { ...common, description: "text", continueOnError: "boolean", ...actions },
};
export const operationsShape: Shape = { list: operation };

const step: Shape = {
  fields: {
    ...stepScope,
    name: "text",
    description: "text",
    use: { fields: { "template!": "text", with: { fields: { bindings } } } },
    try: operationsShape,
    catch: operationsShape,
    finally: operationsShape,
    cleanup: operationsShape,
  },
};

export const testShape: Shape = {
  fields: {
    ...stepScope,
    description: "text",
    failFast: "boolean",
    skip: "boolean",
    concurrent: "boolean",
    namespace: "text",
    namespaceTemplate: "map",
    namespaceTemplateCompiler: languages,
    fastNamespaceDeletion: "boolean",
    scenarios: { list: { fields: { name: "text", bindings } } },
    "steps!": { list: step },
    catch: operationsShape,
    forceTerminationGracePeriod: "duration",
    delayBeforeCleanup: "duration",
  },
};

export const stepTemplateShape: Shape = {
  fields: {
    bindings,
    "try!": operationsShape,
    catch: operationsShape,
    finally: operationsShape,
    cleanup: operationsShape,
  },
};
