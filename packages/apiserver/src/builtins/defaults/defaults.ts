import type { JsonObject } from "@homeostat/api";
import { ensure, struct } from "../json-fields.ts";
import {
  defaultAdmissionPolicy,
  defaultAdmissionPolicyBinding,
  defaultMutatingWebhooks,
  defaultValidatingWebhooks,
} from "./admission.ts";
import {
  defaultDaemonSet,
  defaultDeployment,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from "./apps.ts";
import { defaultHorizontalPodAutoscaler, defaultHorizontalPodAutoscalerV1 } from "./autoscaling.ts";
import { defaultCronJob, defaultJob } from "./batch.ts";
import {
  defaultCsiDriver,
  defaultFlowSchema,
  defaultPriorityClass,
  defaultPriorityLevel,
  defaultStorageClass,
} from "./cluster.ts";
import {
  defaultLimitRange,
  defaultNamespace,
  defaultNode,
  defaultPersistentVolume,
  defaultPersistentVolumeClaim,
  defaultSecret,
} from "./core.ts";
import { defaultDeviceClaim } from "./devices.ts";
import { defaultIngressClass, defaultNetworkPolicy } from "./networking.ts";
import { defaultPod, defaultPodTemplate } from "./pod.ts";
import { defaultBinding } from "./rbac.ts";
import { defaultApiService, defaultEndpointSlice, defaultEndpoints, defaultService } from "./service.ts";

type Defaulter = (object: JsonObject) => void;

/** By `group/kind`, or `group/version/kind` where versions differ. */
const defaulters: Readonly<Record<string, Defaulter>> = {
  "/Pod": defaultPod,
  "/PodTemplate": (object) => {
    const template = struct(object, "template");
    if (template) defaultPodTemplate(template);
  },
  "/ReplicationController": defaultReplicationController,
  "/Service": defaultService,
  "/Endpoints": defaultEndpoints,
  "/Namespace": defaultNamespace,
  "/Node": defaultNode,
  "/Secret": defaultSecret,
  "/PersistentVolume": defaultPersistentVolume,
  "/PersistentVolumeClaim": defaultPersistentVolumeClaim,
  "/LimitRange": defaultLimitRange,
  "apps/Deployment": defaultDeployment,
  "apps/ReplicaSet": defaultReplicaSet,
  "apps/StatefulSet": defaultStatefulSet,
  "apps/DaemonSet": defaultDaemonSet,
  "batch/Job": defaultJob,
  "batch/CronJob": defaultCronJob,
  "autoscaling/v1/HorizontalPodAutoscaler": defaultHorizontalPodAutoscalerV1,
  "autoscaling/HorizontalPodAutoscaler": defaultHorizontalPodAutoscaler,
  "networking.k8s.io/NetworkPolicy": defaultNetworkPolicy,
  "networking.k8s.io/IngressClass": defaultIngressClass,
  "discovery.k8s.io/EndpointSlice": defaultEndpointSlice,
  "rbac.authorization.k8s.io/RoleBinding": defaultBinding,
  "rbac.authorization.k8s.io/ClusterRoleBinding": defaultBinding,
  "storage.k8s.io/StorageClass": defaultStorageClass,
  "storage.k8s.io/CSIDriver": defaultCsiDriver,
  "scheduling.k8s.io/PriorityClass": defaultPriorityClass,
  "resource.k8s.io/ResourceClaim": defaultDeviceClaim,
  "resource.k8s.io/ResourceClaimTemplate": (template) => {
    const spec = struct(template, "spec");
    if (spec) defaultDeviceClaim(spec);
  },
  "flowcontrol.apiserver.k8s.io/FlowSchema": defaultFlowSchema,
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration": defaultPriorityLevel,
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration": defaultValidatingWebhooks,
  "admissionregistration.k8s.io/MutatingWebhookConfiguration": defaultMutatingWebhooks,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": defaultAdmissionPolicy,
  "admissionregistration.k8s.io/MutatingAdmissionPolicy": defaultAdmissionPolicy,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": defaultAdmissionPolicyBinding,
  "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding": defaultAdmissionPolicyBinding,
  "apiregistration.k8s.io/APIService": defaultApiService,
};

/**
 * Fills what Kubernetes fills by code into an object of a built-in kind, in place. Doing it twice changes nothing: a
 * client that compares what it wrote with what it reads relies on that. Kinds without such defaults are left alone.
 */
export function applyBuiltinDefaults(
  type: { readonly group: string; readonly version: string; readonly kind: string },
  object: JsonObject,
): void {
  const { group, version, kind } = type;
  const defaulter = defaulters[`${group}/${version}/${kind}`] ?? defaulters[`${group}/${kind}`];
  if (!defaulter) return;
  ensure(object, "metadata");
  defaulter(object);
}
