import type { JsonObject } from "@homeostat/api";
import type { Lookup } from "../builtins/admission/lookup.ts";
import type { Storage } from "../storage/storage.ts";

/** What is registered at present, as it is stored. */
export interface Registered {
  readonly mutatingWebhooks: readonly JsonObject[];
  readonly validatingWebhooks: readonly JsonObject[];
  readonly policies: readonly JsonObject[];
  readonly bindings: readonly JsonObject[];
  readonly mutatingPolicies: readonly JsonObject[];
  readonly mutatingBindings: readonly JsonObject[];
}

/** Keeps what is read from the stored configurations until one of them changes. */
export interface Registrations<T> {
  /** Undefined while it has to be read anew. */
  readonly current: T | undefined;
  read(): Promise<T>;
  stop(): void;
}

const group = "admissionregistration.k8s.io";

/** @param prepare makes of the configurations what requests need; called once for each state of them */
export function followRegistrations<T>(
  storage: Storage,
  lookup: Lookup,
  prepare: (registered: Registered) => T | Promise<T>,
): Registrations<T> {
  let current: T | undefined;
  let version = 0;
  let reading: Promise<T> | undefined;
  // A configuration holds from the turn of its write on.
  const stop = storage.watch(`/${group}/`, storage.revision(), () => {
    version++;
    current = undefined;
    reading = undefined;
  });
  const readOnce = async (): Promise<T> => {
    const [mutatingWebhooks, validatingWebhooks, policies, bindings, mutatingPolicies, mutatingBindings] =
      await Promise.all([
        lookup.list(group, "mutatingwebhookconfigurations"),
        lookup.list(group, "validatingwebhookconfigurations"),
        lookup.list(group, "validatingadmissionpolicies"),
        lookup.list(group, "validatingadmissionpolicybindings"),
        lookup.list(group, "mutatingadmissionpolicies"),
        lookup.list(group, "mutatingadmissionpolicybindings"),
      ]);
    return prepare({
      mutatingWebhooks,
      validatingWebhooks,
      policies,
      bindings,
      mutatingPolicies,
      mutatingBindings,
    });
  };
  const readNewest = async (): Promise<T> => {
    for (;;) {
      const started = version;
      const read = await readOnce();
      if (started !== version) continue;
      current = read;
      return read;
    }
  };
  return {
    get current() {
      return current;
    },
    read() {
      if (current !== undefined) return Promise.resolve(current);
      if (!reading) {
        const begun = readNewest();
        reading = begun;
        // What failed is tried again by the next request.
        begun.catch(() => reading === begun && (reading = undefined));
      }
      return reading;
    },
    stop,
  };
}
