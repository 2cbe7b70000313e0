import {
  ApiError,
  type Clock,
  ignoreNotFound,
  type Json,
  type JsonObject,
  type KubeObject,
  type Stored,
  type Transport,
} from "@homeostat/api";
import { type DiscoveredResource, discoverKind } from "@homeostat/devcluster";
import { type Client, createClient } from "@homeostat/runtime";
import type { Propagation } from "../documents/test-document.ts";
import type { Question } from "../expressions/evaluator.ts";

export interface ClusterOptions {
  readonly transport: Transport;
  /** Address of the server. */
  readonly server: string;
  /** A kubeconfig for programs, whose current context is this cluster. */
  readonly kubeconfig: string;
  readonly clock: Clock;
}

/** An object of any kind; what is asked of a server names at least its kind. */
export interface Target {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface WriteFlags {
  readonly dryRun?: boolean;
  readonly subresource?: string;
  readonly signal: AbortSignal;
}

/** A cluster that tests run against: objects of any kind, by what they say of themselves. */
export class Cluster {
  readonly kubeconfig: string;
  /** Value of `$client`. */
  readonly clientBinding: JsonObject;
  /** Value of `$config`. */
  readonly configBinding: JsonObject;
  readonly #client: Client;
  readonly #transport: Transport;
  readonly #kinds = new Map<string, DiscoveredResource>();

  constructor({ transport, server, kubeconfig, clock }: ClusterOptions) {
    this.kubeconfig = kubeconfig;
    this.clientBinding = { server };
    this.configBinding = { Host: server };
    this.#transport = transport;
    this.#client = createClient({ transport, clock, userAgent: "homeostat-e2e", fieldValidation: "Warn" });
  }

  /** @throws Error where the server does not serve the kind */
  async kindOf({ apiVersion, kind }: Pick<Target, "apiVersion" | "kind">): Promise<DiscoveredResource> {
    const key = `${apiVersion} ${kind}`;
    let found = this.#kinds.get(key);
    if (!found) {
      found = await discoverKind(this.#transport, apiVersion, kind);
      this.#kinds.set(key, found);
    }
    return found;
  }

  async isNamespaced(target: Pick<Target, "apiVersion" | "kind">): Promise<boolean> {
    return (await this.kindOf(target)).scope === "Namespaced";
  }

  /** Undefined where there is none. */
  async find(target: Target, signal?: AbortSignal): Promise<Stored | undefined> {
    const key = { name: target.name!, ...this.#namespace(target) };
    return this.#client.find(await this.kindOf(target), key, signal ? { signal } : {});
  }

  async list(target: Target, signal?: AbortSignal): Promise<readonly Stored[]> {
    const { items } = await this.#client.list(await this.kindOf(target), {
      ...this.#namespace(target),
      ...(target.labels && Object.keys(target.labels).length > 0 ? { labelSelector: target.labels } : {}),
      ...(signal ? { signal } : {}),
    });
    // Items of a list leave out what the list says once.
    return items.map((item) => ({ ...item, apiVersion: target.apiVersion, kind: target.kind }));
  }

  /** The object that is named, or all that its labels choose. */
  async read(target: Target, signal?: AbortSignal): Promise<readonly Stored[]> {
    if (target.name === undefined || target.name === "") return this.list(target, signal);
    const found = await this.find(target, signal);
    return found ? [found] : [];
  }

  async create(object: JsonObject, { dryRun = false, signal }: WriteFlags): Promise<Stored> {
    return this.#client.create(await this.kindOf(targetOf(object)), object as KubeObject, { dryRun, signal });
  }

  async update(object: JsonObject, { dryRun = false, subresource, signal }: WriteFlags): Promise<Stored> {
    const client = subresource ? this.#client.subresource(subresource) : this.#client;
    return client.update(await this.kindOf(targetOf(object)), object as KubeObject, { dryRun, signal });
  }

  async mergePatch(patch: JsonObject, { dryRun = false, subresource, signal }: WriteFlags): Promise<Stored> {
    const target = targetOf(patch);
    const client = subresource ? this.#client.subresource(subresource) : this.#client;
    const key = { name: target.name ?? "", ...this.#namespace(target) };
    return client.patchMerge(await this.kindOf(target), key, patch, { dryRun, signal });
  }

  async delete(target: Target, propagationPolicy: Propagation, signal: AbortSignal): Promise<void> {
    const key = { name: target.name ?? "", ...this.#namespace(target) };
    await this.#client.delete(await this.kindOf(target), key, { propagationPolicy, signal });
  }

  /** Answers to functions of expressions. */
  async answer(question: Question): Promise<Json> {
    if (question.type === "server-version") return this.#version();
    if (question.type === "resource-exists") {
      return this.kindOf(question).then(
        () => true,
        () => false,
      );
    }
    if (question.type === "list") {
      const items = await this.list(question);
      return { apiVersion: question.apiVersion, kind: `${question.kind}List`, items: items as unknown as Json };
    }
    const found = await ignoreNotFound(this.find(question));
    if (question.type === "exists") return found !== undefined;
    if (found === undefined) throw new Error(`${question.kind} ${question.name} is not found`);
    return found as unknown as Json;
  }

  async #version(): Promise<Json> {
    const response = await this.#transport({
      method: "GET",
      path: "/version",
      headers: { accept: "application/json" },
    });
    return JSON.parse(new TextDecoder().decode(await response.bytes())) as Json;
  }

  #namespace({ namespace }: Target): { namespace?: string } {
    return namespace ? { namespace } : {};
  }
}

export function targetOf(object: JsonObject): Target {
  const { apiVersion, kind, metadata } = object as KubeObject;
  return {
    apiVersion: apiVersion ?? "",
    kind: kind ?? "",
    ...(metadata?.name ? { name: metadata.name } : {}),
    ...(metadata?.namespace ? { namespace: metadata.namespace } : {}),
    ...(metadata?.labels ? { labels: metadata.labels } : {}),
  };
}

/** What a server says about a failure, without the reason in front that our errors add. */
export function serverMessage(error: unknown): string {
  if (error instanceof ApiError) return error.status.message ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
