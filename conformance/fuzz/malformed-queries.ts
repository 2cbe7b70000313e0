import { configMap } from "../api/objects.ts";
import type { Random } from "../support/random.ts";
import { collections, json, type MalformedRequest, type Malformer, sent, text, withKept, word } from "./malformed.ts";

const query = (path: string, pairs: Record<string, string>): string =>
  `${path}?${new URLSearchParams(pairs).toString()}`;

/** Asked of any list: a plain one, a watch, one as a table, or the removal of all that is in it. */
function listed(random: Random, pairs: Record<string, string>): MalformedRequest {
  const path = random.pick(withKept);
  switch (random.below(4)) {
    case 0:
      return { method: "GET", path: query(path, { ...pairs, watch: "true" }) };
    case 1:
      return {
        method: "GET",
        path: query(path, pairs),
        headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
      };
    case 2:
      return { method: "DELETE", path: query(path, pairs) };
    default:
      return { method: "GET", path: query(path, pairs) };
  }
}

const read = (random: Random, pairs: Record<string, string>): MalformedRequest => ({
  method: "GET",
  path: query(random.pick(withKept), pairs),
});

/** Selectors and options that mean nothing. */
export const malformedQueries: readonly Malformer[] = [
  {
    what: "a label selector",
    make: (random) => {
      const key = word(random);
      return listed(random, {
        labelSelector: random.pick([
          `${key} in (`,
          `${key} in (a`,
          `${key} in a`,
          `${key} notin`,
          `${key}==a==b`,
          `${key} ${word(random)}`,
          `=${key}`,
          `!${key}=a`,
          `!!${key}`,
          `${key},,=`,
          `${key}=a,`.repeat(2) + "(",
          `${key}=${word(random)}_`,
          `${"k".repeat(64)}=a`,
          `a/b/${key}=c`,
          `${key}=${"v".repeat(64)}`,
          `${key}>${word(random)}`,
          `-${key}`,
          `${key}=${word(random)}!`,
          `Ü${text(random)}`,
        ]),
      });
    },
  },
  {
    what: "a field selector",
    make: (random) =>
      listed(random, {
        fieldSelector: random.pick([
          `no.${word(random)}=a`,
          `metadata.labels.${word(random)}=a`,
          "metadata.name",
          `${word(random)}`,
          `metadata.name=a,spec.no${word(random)}=b`,
          `metadata.uid=${word(random)}`,
          `status.no${word(random)}!=x`,
        ]),
      }),
  },
  {
    what: "a number",
    make: (random) =>
      listed(random, {
        [random.pick(["limit", "timeoutSeconds"])]: random.pick([
          word(random),
          "1.5",
          "0x1g",
          "99999999999999999999999",
          "1e400",
          `${random.below(100)}${word(random)}`,
        ]),
      }),
  },
  {
    what: "a resource version",
    make: (random) => listed(random, { resourceVersion: random.pick([word(random), "-1", "1.5", "1 2", "0x10"]) }),
  },
  {
    what: "a token to go on by",
    make: (random) =>
      read(random, {
        limit: "1",
        continue: random.pick([
          word(random),
          text(random).replaceAll(/[\ud800-\udfff]/g, "?") + "!",
          btoa(json({ v: word(random), rv: 1, start: "x" })),
          btoa(json({ v: "meta.k8s.io/v1", rv: -random.below(9) - 2, start: "../" })),
          btoa(word(random)),
        ]),
      }),
  },
  {
    what: "options that do not go together",
    make: (random) =>
      read(
        random,
        random.pick<Record<string, string>>([
          { resourceVersionMatch: "Exact" },
          { resourceVersionMatch: word(random), resourceVersion: "1" },
          { resourceVersionMatch: "Exact", resourceVersion: "0" },
          { resourceVersionMatch: "NotOlderThan" },
          { sendInitialEvents: "true" },
          { watch: "true", resourceVersionMatch: "NotOlderThan", resourceVersion: "0" },
          { watch: "true", sendInitialEvents: "true", resourceVersion: "0" },
        ]),
      ),
  },
  {
    what: "options of a write",
    make: (random) =>
      sent(
        "POST",
        query(
          collections.configMaps,
          random.pick<Record<string, string>>([
            { dryRun: word(random) },
            { fieldValidation: word(random) },
            { fieldManager: "m".repeat(129 + random.below(400)) },
            { fieldManager: `m\u0007${word(random)}` },
          ]),
        ),
        json(configMap(`x-${word(random)}`)),
      ),
  },
  {
    what: "options of a deletion",
    make: (random) => {
      const path = `${random.pick(withKept)}/kept`;
      return random.pick<MalformedRequest>([
        { method: "DELETE", path: query(path, { propagationPolicy: `No${word(random)}` }) },
        { method: "DELETE", path: query(path, { dryRun: word(random) }) },
        { method: "DELETE", path: query(path, { gracePeriodSeconds: word(random) }) },
        { method: "DELETE", path: query(path, { propagationPolicy: "Orphan", orphanDependents: "true" }) },
        sent("DELETE", path, json({ preconditions: { uid: word(random) } })),
        sent("DELETE", path, json({ preconditions: { resourceVersion: String(random.below(1e6) + 1e9) } })),
        sent("DELETE", path, json({ kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: word(random) })),
        sent("DELETE", path, json({ gracePeriodSeconds: word(random) })),
        sent("DELETE", path, "{"),
        sent("DELETE", path, json({ dryRun: [word(random)] })),
      ]);
    },
  },
];
