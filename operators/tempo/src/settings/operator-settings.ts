import type { EnvVar, PodSecurityContext } from "@homeostat/api";
import { defaultGates, type FeatureGates } from "./feature-gates.ts";
import { defaultImages, type Images } from "./images.ts";
import { type TlsProfile, tlsProfiles } from "./tls-profile.ts";

const hourMs = 3_600_000;

/** How long certificates of the components live, and when they are renewed; all in milliseconds. */
export interface CertificateValidity {
  /** Life of the authority that signs them. Default 43830 h, five years. */
  readonly caValidity: number;
  /** Age at which another authority takes over. Default 35064 h, four years. */
  readonly caRefresh: number;
  /** Life of a component's certificate. Default 2160 h, 90 days. */
  readonly certValidity: number;
  /** Age at which it is renewed. Default 1728 h, 72 days. */
  readonly certRefresh: number;
}

export type Distribution = "community" | "openshift";

/** What the pure parts need to know of the operator and of the place it runs in. Resolved once, by the program. */
export interface OperatorSettings {
  /** Whom the operator was packaged for. Default community. */
  readonly distribution: Distribution;
  readonly gates: FeatureGates;
  readonly tlsProfile: TlsProfile;
  /** Fills what pods leave open. Default: fsGroup 10001, the group of Tempo's images. */
  readonly defaultPodSecurityContext: PodSecurityContext;
  /** Whether the operator's own pod has IPv6 addresses only. Default false. */
  readonly ipv6Only: boolean;
  /** Role that OpenShift's cloud credential operator is to use; variable ROLEARN. Default none: no such mode. */
  readonly roleArn?: string;
  /** Images of the pods, where a stack does not say otherwise. */
  readonly images: Images;
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the operator, in both cases of letters: every Tempo container gets them. Default none. */
  readonly proxy: readonly EnvVar[];
  readonly certificates: CertificateValidity;
  /** Domain of the cluster's Routes, variable OPENSHIFT_BASE_DOMAIN. Default: the cluster is asked. */
  readonly baseDomain?: string;
}

export const communitySettings: OperatorSettings = {
  distribution: "community",
  gates: defaultGates,
  tlsProfile: tlsProfiles.Modern,
  defaultPodSecurityContext: { fsGroup: 10001 },
  ipv6Only: false,
  images: defaultImages,
  proxy: [],
  certificates: {
    caValidity: 43_830 * hourMs,
    caRefresh: 35_064 * hourMs,
    certValidity: 2_160 * hourMs,
    certRefresh: 1_728 * hourMs,
  },
};

/** As OpenShift's packaging sets them. */
export const openshiftSettings: OperatorSettings = {
  ...communitySettings,
  distribution: "openshift",
  gates: {
    ...defaultGates,
    "openshift.route": true,
    "openshift.servingCertsService": true,
    "openshift.oauthProxy": true,
    "openshift.noAuthWarning": true,
    "openshift.clusterTLSPolicy": true,
    prometheusOperator: true,
    "observability.metrics.createServiceMonitors": true,
    "observability.metrics.createPrometheusRules": true,
  },
  defaultPodSecurityContext: {},
};
