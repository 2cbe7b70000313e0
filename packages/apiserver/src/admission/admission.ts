import type { JsonObject } from "@homeostat/api";
import type { Annotate } from "../audit/annotate.ts";
import type { UserInfo } from "../auth/user-info.ts";
import type { ServedResource } from "../registry/served-resource.ts";

/** What admission may look at. Source: the attributes of an AdmissionReview. */
export interface AdmissionAttributes {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly served: ServedResource;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  /** A name that was generated is in here already; see {@link nameGenerated}. */
  readonly name: string;
  /** In the version of the request; mutating plugins change it in place. Undefined on DELETE. */
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Whether the client left the name to the server. Webhooks that mutate do not see it yet. */
  readonly nameGenerated?: boolean;
  /** The request's `CreateOptions`, `UpdateOptions` or `DeleteOptions`, without their type. Default: none. */
  readonly options?: (() => JsonObject) | undefined;
  /** What webhooks and policies are shown in place of the object. Default: the object. */
  readonly admittedAs?: AdmittedAs | undefined;
  /** For `Warning` headers. */
  warn(text: string): void;
  /** Puts something down in the audit log; undefined where the request has no entry there. */
  readonly annotate?: Annotate | undefined;
}

/** `"already"`: webhooks and policies have been asked in another form, and are not asked about this write. */
export type AdmittedAs = AdmissionView | "already";

/** A subresource with a kind of its own, over the object that is written. */
export interface AdmissionView {
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  show(object: JsonObject): JsonObject;
  /** Brings what a webhook changed of it into the object, in place. */
  write(object: JsonObject, shown: JsonObject): void;
}

/**
 * One run through the mutating plugins. What a webhook changes is shown to all plugins once more. Source: apiserver,
 * admission `reinvocationHandler`.
 */
export interface MutationRound {
  readonly isSecond: boolean;
  /** Asks for the second run. */
  askForAnother(): void;
  /** What a plugin remembers from the first run for the second, by plugin. */
  readonly memory: Map<object, unknown>;
}

class Round implements MutationRound {
  isSecond = false;
  isAnotherAsked = false;
  #memory: Map<object, unknown> | undefined;

  askForAnother(): void {
    this.isAnotherAsked = true;
  }

  /** Made when something is remembered: mostly nothing is. */
  get memory(): Map<object, unknown> {
    return (this.#memory ??= new Map());
  }
}

/** A step of admission. To refuse, throw an ApiError. */
export interface AdmissionPlugin {
  readonly name: string;
  mutate?(attributes: AdmissionAttributes, round: MutationRound): void | Promise<void>;
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}

/** Runs plugins in their order: first all mutating ones, later, on what is to be stored, all validating ones. */
export interface Admission {
  /** @returns whether a webhook or policy changed the object */
  mutate(attributes: AdmissionAttributes): Promise<boolean>;
  validate(attributes: AdmissionAttributes): Promise<void>;
}

export function createAdmission(plugins: readonly AdmissionPlugin[]): Admission {
  const mutating = plugins.filter((plugin) => plugin.mutate);
  const validating = plugins.filter((plugin) => plugin.validate);
  // Most plugins have nothing to say to most requests: only what takes time is waited for.
  const mutateOnce = async (attributes: AdmissionAttributes, round: MutationRound): Promise<void> => {
    for (const plugin of mutating) {
      const done = plugin.mutate!(attributes, round);
      if (done) await done;
    }
  };
  return {
    async mutate(attributes) {
      const round = new Round();
      await mutateOnce(attributes, round);
      if (!round.isAnotherAsked) return false;
      round.isSecond = true;
      await mutateOnce(attributes, round);
      return true;
    },
    async validate(attributes) {
      for (const plugin of validating) {
        const done = plugin.validate!(attributes);
        if (done) await done;
      }
    },
  };
}
