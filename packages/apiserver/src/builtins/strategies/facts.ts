import type { JsonObject } from "@homeostat/api";

/**
 * What holds for a built-in kind in one word, by `group/kind`. Source: the strategies in kube-apiserver's registry
 * packages (`AllowUnconditionalUpdate`, `AllowCreateOnUpdate`, `PrepareForCreate`, and how the stores are set up).
 */

const admission = [
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
].map((kind) => `admissionregistration.k8s.io/${kind}`);

/** Kinds whose `metadata.generation` counts. */
export const countsGeneration: ReadonlySet<string> = new Set([
  "/Pod",
  "/PodTemplate",
  "/ReplicationController",
  "apps/Deployment",
  "apps/ReplicaSet",
  "apps/StatefulSet",
  "apps/DaemonSet",
  "batch/Job",
  "batch/CronJob",
  "networking.k8s.io/Ingress",
  "networking.k8s.io/IngressClass",
  "networking.k8s.io/NetworkPolicy",
  "policy/PodDisruptionBudget",
  "discovery.k8s.io/EndpointSlice",
  "scheduling.k8s.io/PriorityClass",
  "flowcontrol.apiserver.k8s.io/FlowSchema",
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
  ...admission,
  "apiextensions.k8s.io/CustomResourceDefinition",
  "resource.k8s.io/DeviceClass",
  "resource.k8s.io/ResourceSlice",
]);

/**
 * Kinds whose status is written only through `/status`, with what it holds after a create. Zeros are those that
 * Kubernetes writes out; for kinds left out of this table `status` is a field like any other.
 */
export const statusAfterCreate: Readonly<Record<string, JsonObject>> = {
  "/Namespace": { phase: "Active" },
  "/Node": {},
  "/PersistentVolume": { phase: "Pending" },
  "/PersistentVolumeClaim": { phase: "Pending" },
  "/Pod": { phase: "Pending" },
  "/ReplicationController": { replicas: 0 },
  "/ResourceQuota": {},
  "/Service": { loadBalancer: {} },
  "apps/Deployment": {},
  "apps/ReplicaSet": { replicas: 0 },
  "apps/StatefulSet": { replicas: 0, availableReplicas: 0 },
  "apps/DaemonSet": { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  "batch/Job": {},
  "batch/CronJob": {},
  "autoscaling/HorizontalPodAutoscaler": { desiredReplicas: 0 },
  "networking.k8s.io/Ingress": { loadBalancer: {} },
  "networking.k8s.io/ServiceCIDR": {},
  "policy/PodDisruptionBudget": { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
  "certificates.k8s.io/CertificateSigningRequest": {},
  "storage.k8s.io/VolumeAttachment": { attached: false },
  "apiextensions.k8s.io/CustomResourceDefinition": {},
  "apiregistration.k8s.io/APIService": {},
  "flowcontrol.apiserver.k8s.io/FlowSchema": {},
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration": {},
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": {},
  "resource.k8s.io/ResourceClaim": {},
};

/** Kinds that keep the status a create brings along: a kubelet registers its node whole. */
export const keepsStatusOnCreate: ReadonlySet<string> = new Set(["/Node"]);

/** A PUT must name the resourceVersion it replaces. */
export const needsResourceVersion: ReadonlySet<string> = new Set([
  "coordination.k8s.io/Lease",
  "policy/PodDisruptionBudget",
  "apiextensions.k8s.io/CustomResourceDefinition",
  "apiregistration.k8s.io/APIService",
  "node.k8s.io/RuntimeClass",
  "storage.k8s.io/CSIDriver",
  "storage.k8s.io/CSINode",
  "storage.k8s.io/CSIStorageCapacity",
  "storage.k8s.io/VolumeAttachment",
  ...admission,
]);

/** A PUT to a name that does not exist creates. */
export const createsOnUpdate: ReadonlySet<string> = new Set([
  "coordination.k8s.io/Lease",
  "/Endpoints",
  "/Event",
  "events.k8s.io/Event",
  "/LimitRange",
  "/Service",
  "rbac.authorization.k8s.io/Role",
  "rbac.authorization.k8s.io/RoleBinding",
  "rbac.authorization.k8s.io/ClusterRole",
  "rbac.authorization.k8s.io/ClusterRoleBinding",
]);

/** An immediate DELETE answers with the object that is gone. */
export const returnsDeletedObject: ReadonlySet<string> = new Set([
  "/Pod",
  "/Service",
  "/PersistentVolumeClaim",
  "/PersistentVolume",
  "/ServiceAccount",
  "/PodTemplate",
  "/ResourceQuota",
]);

/** On `/status` these keep all of their stored metadata; others let what controllers annotate through. */
export const resetsMetadataOnStatus: ReadonlySet<string> = new Set([
  "apiextensions.k8s.io/CustomResourceDefinition",
  "apiregistration.k8s.io/APIService",
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
  "flowcontrol.apiserver.k8s.io/FlowSchema",
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
  "resource.k8s.io/ResourceClaim",
]);
