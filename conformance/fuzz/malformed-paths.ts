import { configMap } from "../api/objects.ts";
import { collections, group, json, type Malformer, namespace, sent, text, withKept, word } from "./malformed.ts";

/** Requests for what is not there, by methods there are not, with headers that make no sense. */
export const malformedPaths: readonly Malformer[] = [
  {
    what: "a resource nobody serves",
    make: (random) => ({
      method: random.pick(["GET", "DELETE", "HEAD"]),
      path: `${random.pick([namespace, "/apis/apps/v1", `/apis/${group}/v1/namespaces/default`])}/no${word(random)}`,
    }),
  },
  {
    what: "a group or version nobody serves",
    make: (random) => ({
      method: "GET",
      path: random.pick([
        `/apis/${word(random)}.example.org/v1/${word(random)}`,
        `/api/v${2 + random.below(1e6)}/pods`,
        `/apis/apps/v${word(random)}/deployments`,
      ]),
    }),
  },
  {
    what: "an object that is not there",
    make: (random) => ({
      method: random.pick(["GET", "DELETE"]),
      path: `${random.pick(withKept)}/none-${word(random)}`,
    }),
  },
  {
    what: "a subresource that is not there",
    make: (random) => ({ method: "GET", path: `${random.pick(withKept)}/kept/no${word(random)}` }),
  },
  {
    what: "characters that no path has",
    make: (random) => ({
      method: "GET",
      path: `${namespace}/configmaps/${random.pick([
        `%${word(random, 2)}`,
        "%zz",
        "%00",
        "%2e%2e%2f",
        "..%2f..%2fsecrets",
        encodeURIComponent(`none${word(random)}\0`),
        `${"none/".repeat(1 + random.below(200))}none`,
        "n".repeat(300 + random.below(8000)),
      ])}`,
    }),
  },
  {
    what: "a path of odd text",
    make: (random) => ({
      method: random.pick(["GET", "POST", "PUT", "DELETE"]),
      path: `/none${encodeURI(text(random).replaceAll(/[\ud800-\udfff]/g, "?"))}`,
    }),
  },
  {
    what: "a method that does not fit",
    make: (random) => {
      const named = `${random.pick(withKept)}/kept`;
      return random.pick([
        { method: "POST", path: named, body: json(configMap("x")) },
        { method: "PUT", path: random.pick(withKept), body: json(configMap("x")) },
        { method: "PATCH", path: random.pick(withKept), body: "{}" },
        { method: "DELETE", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" },
        { method: word(random, 6).toUpperCase() + "ODD", path: named },
      ]);
    },
  },
  {
    what: "a media type nobody writes",
    make: (random) =>
      sent(
        random.pick(["POST", "POST"]),
        collections.configMaps,
        json(configMap(word(random))),
        random.pick(["text/plain", `application/${word(random)}`, "application/xml", `${word(random)}/json`]),
      ),
  },
  {
    what: "a media type nobody reads",
    make: (random) => ({
      method: "GET",
      path: random.pick(withKept),
      headers: { accept: random.pick(["text/html", `application/${word(random)}`, `image/${word(random)}`, ";;;"]) },
    }),
  },
  {
    what: "a patch type there is not",
    make: (random) =>
      sent(
        "PATCH",
        `${random.pick(withKept)}/kept`,
        "{}",
        random.pick(["application/json", `application/${word(random)}-patch+json`, "text/plain"]),
      ),
  },
  {
    what: "a group to act as, of nobody",
    make: (random) => ({
      method: "GET",
      path: random.pick(withKept),
      headers: random.pick([
        { "impersonate-group": word(random) },
        { "impersonate-uid": word(random) },
        { "impersonate-extra-scopes": word(random) },
      ]),
    }),
  },
];
