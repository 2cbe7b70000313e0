import {
  CustomResourceDefinition,
  type KubeObject,
  MutatingWebhookConfiguration,
  type Resource,
  type Stored,
  ValidatingWebhookConfiguration,
} from "@homeostat/api";
import type { Client } from "../client/client.ts";

/** Objects that tell the API server whom to trust, by name; Those that do not exist are skipped. */
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
 * Writes the bundle where it is not: server-side apply of that one field, by force, because no other value can work.
 *
 * Then ownership of the field is given up. A webhook of which we owned a field could not be removed by those who apply
 * the configuration: what we own would stay behind, and an entry of a name and a bundle is invalid, so the whole apply
 * would be refused. A field without an owner goes with its entry, and stays when others apply the rest.
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
  let object = await client.find(resource, { name }, { from: "live", signal: options.signal });
  if (!object) return false;
  const part = wanted(object, Buffer.from(bundle).toString("base64"));
  if (part) {
    const { uid, resourceVersion } = object.metadata;
    const metadata = { name, uid, resourceVersion };
    object = await client.apply(resource, { metadata, ...part } as KubeObject, { ...options, force: true });
  }
  await releaseOwnership(client, resource, object, options);
  return part !== undefined;
}

async function releaseOwnership(
  client: Client,
  resource: Resource,
  { metadata }: Stored,
  options: { readonly fieldManager: string; readonly signal: AbortSignal },
): Promise<void> {
  const { managedFields = [], name, resourceVersion } = metadata;
  const index = managedFields.findIndex(({ manager }) => manager === options.fieldManager);
  // The server takes an empty list for one that was left out. With nobody else in it nobody applies, either.
  if (index < 0 || managedFields.length === 1) return;
  await client.patchJson(
    resource,
    { name },
    [
      { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
      { op: "remove", path: `/metadata/managedFields/${index}` },
    ],
    options,
  );
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
  return { spec: { conversion: { webhook: { clientConfig: { caBundle } } } } };
}
