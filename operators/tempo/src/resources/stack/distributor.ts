import type { Objects, StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import type { PodPart } from "../pod/pod-part.ts";
import { legacyReceiverPorts, type Port, ports } from "../pod/ports.ts";
import { tlsFilesPart } from "../pod/volumes.ts";
import { servingCaConfigMap, servingCaName, servingCertAnnotations } from "../serving-certificates.ts";
import { isGatewayOn, receiverFiles } from "./features.ts";
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
    ...(files?.isServingCert ? { annotations: servingCertAnnotations(files.cert) } : {}),
  });
  return [deployment, service, disruptionBudget(name, component), ...servingCa(input)];
}

/** Receivers, with `others` in their midst: the order is that of the Go operator. */
function receiving(input: StackInput, others: readonly Port[]): readonly Port[] {
  return [ports.otlpHttp, ports.otlpGrpc, ...others, ...(isGatewayOn(input) ? [] : legacyReceiverPorts)];
}

const receiverPart = (input: StackInput): PodPart =>
  tlsFilesPart(receiverFiles(input) ?? {}, { ca: "/var/run/ca-receiver", cert: "/var/run/tls/receiver" });

/** OpenShift writes the CA of its certificates in; the data is not ours. */
function servingCa(input: StackInput): Objects {
  const files = receiverFiles(input);
  if (!files?.isServingCert || files.ca !== servingCaName(input.name)) return [];
  return [servingCaConfigMap(files.ca, componentLabels(input.name, "distributor"))];
}
