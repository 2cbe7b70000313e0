import type { Client, DeleteOptions, SubresourceClient, WriteOptions } from "./client.ts";

/** What becomes of the options of every write. */
export interface OptionMaps {
  write<O extends WriteOptions>(options: O | undefined): O;
  /** Default: they stay as they are. */
  delete?<O extends DeleteOptions>(options: O | undefined): O;
}

/** A client whose writes, those of subresources among them, have other options than were asked for. Reads pass. */
export function mapWriteOptions(client: Client, map: OptionMaps): Client {
  const mapDelete = <O extends DeleteOptions>(options: O | undefined): O | undefined =>
    map.delete ? map.delete(options) : options;

  const subresource = (inner: SubresourceClient): SubresourceClient => ({
    ...inner,
    create: (resource, key, body, options) => inner.create(resource, key, body, map.write(options)),
    update: (resource, object, options) => inner.update(resource, object, map.write(options)),
    patchJson: (resource, key, operations, options) => inner.patchJson(resource, key, operations, map.write(options)),
    patchMerge: (resource, key, patch, options) => inner.patchMerge(resource, key, patch, map.write(options)),
    apply: (resource, object, options) => inner.apply(resource, object, map.write(options)),
  });

  return {
    ...client,
    create: (resource, object, options) => client.create(resource, object, map.write(options)),
    update: (resource, object, options) => client.update(resource, object, map.write(options)),
    patchJson: (resource, key, operations, options) => client.patchJson(resource, key, operations, map.write(options)),
    patchMerge: (resource, key, patch, options) => client.patchMerge(resource, key, patch, map.write(options)),
    patchStrategic: (resource, key, patch, options) => client.patchStrategic(resource, key, patch, map.write(options)),
    apply: (resource, object, options) => client.apply(resource, object, map.write(options)),
    delete: (resource, key, options) => client.delete(resource, key, mapDelete(options)),
    deleteAll: (resource, options) => client.deleteAll(resource, mapDelete(options)),
    status: subresource(client.status),
    subresource: (name) => subresource(client.subresource(name)),
    scale: {
      ...client.scale,
      set: (resource, key, replicas, options) => client.scale.set(resource, key, replicas, map.write(options)),
    },
  };
}
