import { stackTempoQueryYaml } from "../../config/tempo-query-yaml.ts";
import type { Objects, StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import { hashAnnotations, textHashPart } from "../pod/hash-annotations.ts";
import { oauthProxySecretName } from "../pod/oauth-proxy.ts";
import { joinParts, type PodPart } from "../pod/pod-part.ts";
import { jaegerPorts, ports } from "../pod/ports.ts";
import { commonArgs, scratchPart } from "../pod/tempo-container.ts";
import { emptyDirPart } from "../pod/volumes.ts";
import { servingCertAnnotations } from "../serving-certificates.ts";
import { hasOauthProxy, isGatewayOn, isJaegerOn, queryFrontendAccount } from "./features.ts";
import { jaegerScratch, jaegerSidecars } from "./jaeger-sidecars.ts";
import { jaegerUIObjects } from "./jaeger-ui.ts";
import { deploymentOf, disruptionBudget, serviceOf } from "./workloads.ts";

const component = "query-frontend";

/** Splits queries up and hands them to the queriers; with Jaeger's UI beside it if the stack wants that. */
export function queryFrontendObjects(input: StackInput): Objects {
  const { name, spec, settings } = input;
  const isEncrypted = settings.gates.httpEncryption && isGatewayOn(input);
  const deployment = deploymentOf(input, {
    component,
    block: spec.template.queryFrontend.component,
    ports: [ports.http, ports.grpc],
    args: [`-target=${component}`, "-config.file=/conf/tempo-query-frontend.yaml", ballast, ...commonArgs],
    data: scratch(input),
    // Without the gateway Grafana asks it in clear.
    readiness: isEncrypted ? "HTTPS" : "HTTP",
    serviceAccount: queryFrontendAccount(input),
    sidecars: jaegerSidecars(input),
    podParts: [
      textHashPart(hashAnnotations.tempoQueryConfig, isJaegerOn(input) ? stackTempoQueryYaml(input) : undefined),
    ],
  });
  return [deployment, ...services(input), ...jaegerUIObjects(input), disruptionBudget(name, component)];
}

/** Jaeger's scratch space is told of beside Tempo's, before what else is mounted: the order is that of the Go operator. */
function scratch(input: StackInput): PodPart {
  if (!isJaegerOn(input)) return scratchPart;
  const { volumes } = emptyDirPart(jaegerScratch, "/tmp");
  return joinParts([scratchPart, { ...(volumes ? { volumes } : {}) }]);
}

/** Memory set aside to make Go's garbage collector run less often. Tempo 3 knows no such flag. */
const ballast = "-mem-ballast-size-mbs=1024";

function services(input: StackInput): Objects {
  const { name } = input;
  const jaeger = isJaegerOn(input) ? jaegerPorts : [];
  const isGuarded = hasOauthProxy(input);
  return [
    serviceOf({
      name,
      component,
      ports: [ports.http, ports.grpc, ...jaeger, ...(isGuarded ? [ports.oauthProxy] : [])],
      ...(isGuarded ? { annotations: servingCertAnnotations(oauthProxySecretName(name)) } : {}),
    }),
    serviceOf({
      name,
      component: "query-frontend-discovery",
      clusterIP: "None",
      // Queriers connect before the query-frontend is ready: it is not until they do.
      publishNotReadyAddresses: true,
      ports: [ports.http, ports.grpc, ports.grpclb, ...jaeger],
      selector: componentLabels(name, component),
    }),
  ];
}
