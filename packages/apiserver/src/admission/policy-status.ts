import { isNotFound, type JsonObject } from "@homeostat/api";
import { integer, struct } from "../builtins/json-fields.ts";
import type { ServerLog } from "../log.ts";
import type { Engine } from "../registry/engine.ts";
import { copyOf, metaOf } from "../registry/object.ts";
import { parseEntry } from "../registry/object-store.ts";
import { updateObject } from "../registry/update.ts";
import type { Entry } from "../storage/storage.ts";

const manager = "validatingadmissionpolicy-status-controller";
const user = { username: `system:serviceaccount:kube-system:${manager}`, groups: ["system:masters"] };

/**
 * Writes the status of policies: the generation that was looked at, and what its types say. One policy after the
 * other, each once per generation. Source: kube-controller-manager, `ValidatingAdmissionPolicyStatus` controller.
 *
 * @returns how to stop that
 */
export async function keepPolicyStatus(engine: Engine, log: ServerLog): Promise<() => void> {
  const { catalog, store } = engine;
  const served = catalog.find("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies");
  if (!served) return () => {};
  let turn = Promise.resolve();
  let stopped = false;
  const write = async (name: string): Promise<void> => {
    if (stopped) return;
    const { checkTypes } = await import("./policy-types.ts");
    const request = { served, namespace: undefined, subresource: "status", user, dryRun: false, fieldManager: manager };
    await updateObject(engine, { ...request, warn() {} }, name, {
      fields: "record",
      transform(live) {
        if (!isDue(live)) return live;
        const typeChecking = checkTypes(live, catalog);
        return { ...copyOf(live), status: { observedGeneration: metaOf(live).generation ?? 0, typeChecking } };
      },
    });
  };
  const look = (entry: Entry): void => {
    const policy = parseEntry(entry);
    if (!isDue(policy)) return;
    const name = metaOf(policy).name ?? "";
    turn = turn
      .then(() => write(name))
      .catch((error: unknown) => {
        if (isNotFound(error) || stopped) return;
        log.error({ policy: name, error: String(error) }, "Writing the status of a policy failed");
      });
  };
  const prefix = store.prefix(served);
  const { entries, revision } = await store.storage.list(prefix);
  for (const entry of entries) look(entry);
  const unwatch = store.storage.watch(prefix, revision, ({ type, entry }) => type !== "delete" && look(entry));
  return () => {
    stopped = true;
    unwatch();
  };
}

function isDue(policy: JsonObject): boolean {
  return integer(struct(policy, "status"), "observedGeneration") !== metaOf(policy).generation;
}
