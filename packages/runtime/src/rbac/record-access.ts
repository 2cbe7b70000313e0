import type { Interceptor, PolicyRule } from "@homeostat/api";
import { type Access, accessOf } from "./access.ts";
import { rulesFor } from "./rules.ts";

/** Remembers what was asked of the API server, once each. */
export interface AccessRecorder {
  /** Put it among a manager's `interceptors`. */
  readonly interceptor: Interceptor;
  /** Everything asked for and not refused. */
  readonly accesses: readonly Access[];
  /** The rules that allow it, without names: those of a test say nothing about tomorrow's. */
  rules(): PolicyRule[];
}

/**
 * Records what an operator really does, to complete what its definitions declare: run its tests with it, and compare
 * with what its role grants (`compareRules`).
 */
export function recordAccess(): AccessRecorder {
  const seen = new Map<string, Access>();
  return {
    interceptor: (next) => async (request) => {
      const access = accessOf(request);
      const response = await next(request);
      if (access && !isOfEverybody(access) && response.status !== 401 && response.status !== 403) {
        const id = Object.values({ namespace: "", name: "", ...access }).join("\n");
        if (!seen.has(id)) seen.set(id, access);
      }
      return response;
    },
    get accesses() {
      return [...seen.values()];
    },
    rules: () => rulesFor([...seen.values()].map(({ verb, group, resource }) => ({ verb, group, resource }))),
  };
}

/** Questions about oneself: every authenticated user may ask them, by `system:basic-user`. */
const isOfEverybody = ({ group, resource }: Access): boolean =>
  ["authorization.k8s.io", "authentication.k8s.io"].includes(group) && resource.startsWith("selfsubject");
