import { ConfigMap, objectOf } from "@homeostat/api";
import type { Objects, StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import { joinParts, type PodPart } from "../pod/pod-part.ts";
import { legacyReceiverPorts, type Port, ports } from "../pod/ports.ts";
import { configMapPart, secretPart } from "../pod/volumes.ts";
import { isGatewayOn, receiverFiles, servingCaName } from "./features.ts";
import { deploymentOf, disruptionBudget, serviceOf } from "./workloads.ts";

/** Takes spans in and hands them to the ingesters. It never touches the object store. */
export function distributorObjects(input: StackInput): Objects {
  const { name, spec } = input;
  const files = receiverFiles(input);
  const component = "distributor";
  const deployment = deploymentOf(input, {
    component,
    block: spec.template.distributor.component,
    ports: receiving(input, [ports.http, ports.memberlist]),
    usesStorage: false,
    parts: [receiverPart(input)],
  });
  const service = serviceOf({
    name,
    component,
    ports: receiving(input, [ports.http]),
    ...(files?.isServingCert
      ? { annotations: { "service.beta.openshift.io/serving-cert-secret-name": files.cert } }
      : {}),
  });
  return [deployment, service, disruptionBudget(name, component), ...servingCa(input)];
}

/** Receivers, with `others` in their midst: the order is that of the Go operator. */
function receiving(input: StackInput, others: readonly Port[]): readonly Port[] {
  return [ports.otlpHttp, ports.otlpGrpc, ...others, ...(isGatewayOn(input) ? [] : legacyReceiverPorts)];
}

function receiverPart(input: StackInput): PodPart {
  const files = receiverFiles(input);
  if (!files) return {};
  const { ca, cert } = files;
  return joinParts([
    ca ? configMapPart(ca, "/var/run/ca-receiver", { readOnly: true }) : undefined,
    secretPart(cert, "/var/run/tls/receiver", { readOnly: true }),
  ]);
}

/** OpenShift writes the CA of its certificates in; the data is not ours. */
function servingCa(input: StackInput): Objects {
  const files = receiverFiles(input);
  if (!files?.isServingCert || files.ca !== servingCaName(input.name)) return [];
  return [
    objectOf(ConfigMap, {
      metadata: {
        name: files.ca,
        labels: componentLabels(input.name, "distributor"),
        annotations: { "service.beta.openshift.io/inject-cabundle": "true" },
      },
    }),
  ];
}
