import type { Json, JsonObject } from "@homeostat/api";
import type { Language } from "../expressions/parse.ts";

/** What a Test file says; names are chainsaw's. Source: chainsaw.kyverno.io/v1alpha1. */
export interface TestDocument {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: TestSpec;
}

export type TimeoutName = "apply" | "assert" | "cleanup" | "delete" | "error" | "exec";
/** Go durations: `30s`. */
export type Timeouts = Readonly<Partial<Record<TimeoutName, string>>>;
export type Propagation = "Orphan" | "Background" | "Foreground";
export type Clusters = Readonly<Record<string, { readonly kubeconfig?: string; readonly context?: string }>>;

export interface BindingDefinition {
  /** May be an expression. */
  readonly name: string;
  readonly value: Json;
  readonly compiler?: Language;
}

export interface OutputDefinition extends BindingDefinition {
  /** Which results this is taken from. */
  readonly match?: Json;
}

/** What tests, steps and operations may each say anew. */
export interface Scope {
  readonly cluster?: string;
  readonly clusters?: Clusters;
  readonly bindings?: readonly BindingDefinition[];
  readonly compiler?: Language;
}

interface StepScope extends Scope {
  readonly timeouts?: Timeouts;
  readonly skipDelete?: boolean;
  readonly template?: boolean;
  readonly deletionPropagationPolicy?: Propagation;
}

export interface TestSpec extends StepScope {
  readonly description?: string;
  readonly failFast?: boolean;
  readonly skip?: boolean;
  readonly concurrent?: boolean;
  readonly namespace?: string;
  readonly namespaceTemplate?: JsonObject;
  readonly namespaceTemplateCompiler?: Language;
  readonly fastNamespaceDeletion?: boolean;
  readonly scenarios?: readonly Scenario[];
  readonly steps: readonly StepSpec[];
  readonly catch?: readonly OperationSpec[];
  readonly forceTerminationGracePeriod?: string;
  readonly delayBeforeCleanup?: string;
}

export interface Scenario {
  readonly name?: string;
  readonly bindings?: readonly BindingDefinition[];
}

export interface StepSpec extends StepScope {
  readonly name?: string;
  readonly description?: string;
  readonly use?: { readonly template: string; readonly with?: { readonly bindings?: readonly BindingDefinition[] } };
  readonly try?: readonly OperationSpec[];
  readonly catch?: readonly OperationSpec[];
  readonly finally?: readonly OperationSpec[];
  readonly cleanup?: readonly OperationSpec[];
}

/** What every operation takes. */
export interface ActionCommon extends Scope {
  readonly timeout?: string;
  readonly outputs?: readonly OutputDefinition[];
}

export interface ResourceAction extends ActionCommon {
  /** Path from the test's folder, with wildcards, or a URL. */
  readonly file?: string;
  readonly resource?: JsonObject;
  readonly template?: boolean;
}

export interface Expectation {
  readonly match?: Json;
  readonly check: Json;
}

export interface WriteAction extends ResourceAction {
  readonly expect?: readonly Expectation[];
  readonly dryRun?: boolean;
  /** `status`. */
  readonly subresource?: string;
}

export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface DeleteAction extends ResourceAction {
  readonly ref?: ObjectReference;
  readonly expect?: readonly Expectation[];
  readonly deletionPropagationPolicy?: Propagation;
}

export interface ExecAction extends ActionCommon {
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly workDir?: string;
  readonly check?: Json;
  readonly skipLogOutput?: boolean;
  readonly skipCommandOutput?: boolean;
}

export interface CommandAction extends ExecAction {
  readonly entrypoint: string;
  readonly args?: readonly string[];
}

export interface ScriptAction extends ExecAction {
  readonly content: string;
  readonly shell?: string;
  readonly shellArgs?: readonly string[];
}

/** Which objects one of kubectl's commands is about. */
export interface KubectlAction extends ActionCommon {
  readonly apiVersion?: string;
  readonly kind?: string;
  /** An older way to name the kind, as kubectl takes it. */
  readonly resource?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: string;
  readonly format?: string;
}

export interface WaitAction extends KubectlAction {
  readonly for: {
    readonly create?: JsonObject;
    readonly deletion?: JsonObject;
    readonly condition?: { readonly name: string; readonly value?: string };
    readonly jsonPath?: { readonly path: string; readonly value?: string };
  };
}

export interface DescribeAction extends KubectlAction {
  readonly showEvents?: boolean;
}

export interface PodLogsAction extends KubectlAction {
  readonly container?: string;
  readonly tail?: number;
}

export interface ProxyAction extends KubectlAction {
  readonly port?: string;
  readonly path?: string;
}

/** Exactly one of these is there. */
export interface Actions {
  readonly apply?: WriteAction;
  readonly assert?: ResourceAction;
  readonly command?: CommandAction;
  readonly create?: WriteAction;
  readonly delete?: DeleteAction;
  readonly describe?: DescribeAction;
  readonly error?: ResourceAction;
  readonly events?: KubectlAction;
  readonly get?: KubectlAction;
  readonly patch?: WriteAction;
  readonly podLogs?: PodLogsAction;
  readonly proxy?: ProxyAction;
  readonly script?: ScriptAction;
  readonly sleep?: ActionCommon & { readonly duration: string };
  readonly update?: WriteAction;
  readonly wait?: WaitAction;
}

export interface OperationSpec extends Actions, ActionCommon {
  readonly description?: string;
  readonly continueOnError?: boolean;
}
