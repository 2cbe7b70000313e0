import { objectOf, ServiceAccount } from "@homeostat/api";
import { componentName } from "../../names.ts";
import type { Objects, StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import { cloudIdentity } from "../pod/service-account-annotations.ts";

/** The account the pods run as, unless the stack names one of the user's. */
export function serviceAccounts({ name, spec, storage }: StackInput): Objects {
  if (spec.serviceAccount !== componentName(name)) return [];
  const annotations = cloudIdentity(storage);
  return [
    objectOf(ServiceAccount, {
      metadata: {
        name: spec.serviceAccount,
        labels: componentLabels(name, "serviceaccount"),
        ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      },
    }),
  ];
}
