import type { Attributes, Authorizer, Decision } from "../auth/authorizer.ts";
import { serviceAccountGroups, serviceAccountUsername } from "../auth/service-account.ts";
import type { UserInfo } from "../auth/user-info.ts";
import type { Library } from "../custom-resources/cel/library.ts";

/**
 * What is asked of the authorizer while an expression runs. Expressions run in one go and authorizers may not: what is
 * not known yet ends the run, is asked, and the run is done anew. Expressions have no effects, so nobody can tell.
 */
export interface Questions {
  /** @throws Error where the answer is not known yet */
  ask(attributes: Attributes): Decision | Error;
  /** Asks what was missing. @returns whether anything was */
  settle(): Promise<boolean>;
}

export function createQuestions(authorize: Authorizer): Questions {
  const known = new Map<string, Decision | Error>();
  const open = new Map<string, Attributes>();
  return {
    ask(attributes) {
      const key = JSON.stringify(attributes);
      const answer = known.get(key);
      if (answer) return answer;
      open.set(key, attributes);
      throw new Error("not decided yet");
    },
    async settle() {
      const asked = [...open];
      open.clear();
      for (const [key, attributes] of asked) {
        try {
          known.set(key, await authorize(attributes));
        } catch (error) {
          known.set(key, error as Error);
        }
      }
      return asked.length > 0;
    },
  };
}

type Resource = {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
};

/** The variable `authorizer`. Source: kube-apiserver, cel/library/authz. */
export class CelAuthorizer {
  readonly user: UserInfo;
  readonly questions: Questions;
  readonly requestResource: ResourceCheck | undefined;

  constructor(user: UserInfo, questions: Questions, request?: Resource) {
    this.user = user;
    this.questions = questions;
    this.requestResource = request && new ResourceCheck(this, request);
  }
}

class PathCheck {
  readonly by: CelAuthorizer;
  readonly path: string;
  constructor(by: CelAuthorizer, path: string) {
    this.by = by;
    this.path = path;
  }
}

class GroupCheck {
  readonly by: CelAuthorizer;
  readonly group: string;
  constructor(by: CelAuthorizer, group: string) {
    this.by = by;
    this.group = group;
  }
}

class ResourceCheck {
  readonly by: CelAuthorizer;
  readonly about: Resource;
  constructor(by: CelAuthorizer, about: Resource) {
    this.by = by;
    this.about = about;
  }
}

class CelDecision {
  readonly answer: Decision | Error;
  constructor(answer: Decision | Error) {
    this.answer = answer;
  }
}

/** An answer costs as much as upstream says, so that no expression can keep the authorizer busy. */
const checkCost = 350_000;

/** Declares the types behind `authorizer` and what they can do. */
export function registerAuthorizer({ env, meter }: Library): void {
  env.registerType("Decision", CelDecision);
  env.registerType("PathCheck", PathCheck);
  env.registerType("GroupCheck", GroupCheck);
  env.registerType("ResourceCheck", ResourceCheck);
  env.registerType("Authorizer", { ctor: CelAuthorizer, fields: { requestResource: "ResourceCheck" } });
  const method = (signature: string, handler: (self: never, ...texts: string[]) => unknown): void => {
    env.registerFunction(signature, handler as never);
  };
  const decide = ({ questions }: CelAuthorizer, attributes: Attributes): CelDecision => {
    meter.charge(checkCost);
    return new CelDecision(questions.ask(attributes));
  };

  method("Authorizer.path(string): PathCheck", (self: CelAuthorizer, path) => new PathCheck(self, path ?? ""));
  method("Authorizer.group(string): GroupCheck", (self: CelAuthorizer, group) => new GroupCheck(self, group ?? ""));
  method("Authorizer.serviceAccount(string, string): Authorizer", (self: CelAuthorizer, namespace = "", name = "") => {
    const user = { username: serviceAccountUsername(namespace, name), groups: serviceAccountGroups(namespace) };
    return new CelAuthorizer(user, self.questions);
  });
  method("PathCheck.check(string): Decision", ({ by, path }: PathCheck, verb = "") =>
    decide(by, { isResource: false, user: by.user, verb, path }),
  );
  method(
    "GroupCheck.resource(string): ResourceCheck",
    ({ by, group }: GroupCheck, resource = "") => new ResourceCheck(by, { group, resource }),
  );
  for (const part of ["subresource", "namespace", "name"] as const) {
    method(
      `ResourceCheck.${part}(string): ResourceCheck`,
      ({ by, about }: ResourceCheck, value) => new ResourceCheck(by, { ...about, [part]: value || undefined }),
    );
  }
  // Rules of roles say nothing about selectors: a check narrowed by one is answered as without it.
  for (const part of ["fieldSelector", "labelSelector"]) {
    method(`ResourceCheck.${part}(string): ResourceCheck`, (self: ResourceCheck) => self);
  }
  method("ResourceCheck.check(string): Decision", ({ by, about }: ResourceCheck, verb = "") =>
    decide(by, { isResource: true, user: by.user, verb, version: "*", ...about }),
  );
  method("Decision.allowed(): bool", ({ answer }: CelDecision) => !(answer instanceof Error) && answer.allowed);
  method("Decision.reason(): string", ({ answer }: CelDecision) =>
    answer instanceof Error ? "" : (answer.reason ?? ""),
  );
  method("Decision.errored(): bool", ({ answer }: CelDecision) => answer instanceof Error);
  method("Decision.error(): string", ({ answer }: CelDecision) => (answer instanceof Error ? answer.message : ""));
}
