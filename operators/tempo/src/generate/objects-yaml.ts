import type { KubeObject } from "@homeostat/api";
import type { Child } from "@homeostat/runtime";
import { stringify } from "yaml";
import type { Objects } from "../resources/input.ts";

const clusterScoped = new Set(["ClusterRole", "ClusterRoleBinding"]);

/** Objects as documents that `kubectl apply` takes, in the order of making; what they are comes first in each. */
export function objectsYaml(objects: Objects, namespace: string): string {
  return objects.map((object) => `---\n${documentOf(plain(object), namespace)}`).join("");
}

const plain = (object: KubeObject | Child): KubeObject => ("kind" in object ? object : (object as Child).object);

function documentOf({ apiVersion, kind, metadata = {}, ...content }: KubeObject, namespace: string): string {
  const { name, namespace: _, labels, annotations, ...more } = metadata;
  const place = kind !== undefined && clusterScoped.has(kind) ? {} : { namespace };
  const described = { name, ...place, labels, annotations, ...more };
  // Long arguments stay on their line, and equal labels are written out each time: the text is for people.
  return stringify(
    { apiVersion, kind, metadata: described, ...content },
    { lineWidth: 0, aliasDuplicateObjects: false, keepUndefined: false },
  );
}
