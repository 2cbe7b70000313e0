import {
  CustomResourceDefinition,
  type KubeObject,
  MutatingWebhookConfiguration,
  type Resource,
  ValidatingWebhookConfiguration,
} from "@homeostat/api";
import type { Client } from "../client/client.ts";

/** Objects that tell the API server whom to trust, by name; all clusters-scoped. Those that do not exist are skipped. */
export interface InjectionTargets {
  /** Every webhook in them gets the bundle. */
  readonly mutatingWebhookConfigurations?: readonly string[];
  /** Every webhook in them gets the bundle. */
  readonly validatingWebhookConfigurations?: readonly string[];
  /** Those converted by a webhook get the bundle: `webapps.example.com`. */
  readonly customResourceDefinitions?: readonly string[];
}

export interface InjectionTarget {
  readonly resource: Resource;
  readonly name: string;
  /** The object's part to apply; undefined where it holds the bundle already, or has no use for it. */
  wanted(object: KubeObject, bundle: string): object | undefined;
}

export function injectionTargets(targets: InjectionTargets): InjectionTarget[] {
  const of = (resource: Resource, wanted: InjectionTarget["wanted"], names: readonly string[] = []) =>
    names.map((name) => ({ resource, name, wanted }));
  return [
    ...of(MutatingWebhookConfiguration, webhookBundles, targets.mutatingWebhookConfigurations),
    ...of(ValidatingWebhookConfiguration, webhookBundles, targets.validatingWebhookConfigurations),
    ...of(CustomResourceDefinition, conversionBundle, targets.customResourceDefinitions),
  ];
}

/**
 * Writes the bundle where it is not. Server-side apply of that one field under a manager of its own, so that whoever
 * applies the rest keeps the rest; by force, because no other value can work.
 *
 * @param bundle certificates in PEM
 * @returns whether there was something to write
 */
export async function injectCaBundle(
  client: Client,
  { resource, name, wanted }: InjectionTarget,
  bundle: string,
  options: { readonly fieldManager: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const { fieldManager, signal } = options;
  const object = await client.find(resource, { name }, { from: "live", signal });
  const part = object && wanted(object, Buffer.from(bundle).toString("base64"));
  if (!part) return false;
  // With its uid the object cannot be brought back, halved, when it was deleted meanwhile.
  const metadata = { name, uid: object.metadata.uid };
  await client.apply(resource, { metadata, ...part } as KubeObject, { fieldManager, force: true, signal });
  return true;
}

function webhookBundles(object: KubeObject, caBundle: string): object | undefined {
  const { webhooks = [] } = object as ValidatingWebhookConfiguration;
  if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) return undefined;
  return { webhooks: webhooks.map(({ name }) => ({ name, clientConfig: { caBundle } })) };
}

function conversionBundle(object: KubeObject, caBundle: string): object | undefined {
  const { conversion } = (object as CustomResourceDefinition).spec;
  const clientConfig = conversion?.webhook?.clientConfig;
  if (!clientConfig || clientConfig.caBundle === caBundle) return undefined;
  return { spec: { conversion: { strategy: conversion.strategy, webhook: { clientConfig: { caBundle } } } } };
}
