import type { BuiltinDefinition, BuiltinField } from "../schema/builtin-types.ts";

/**
 * What `kubectl explain` says about built-in types: in our own words, short, and only where they help. The facts the
 * tables are made from have none.
 */

export const API_VERSION =
  "Group and version of the schema this object is written in, `apps/v1`; `v1` for the core group.";
export const KIND = "What this object is, in CamelCase, `Deployment`. It cannot be changed.";
export const METADATA = "Name, labels, owners and other things every object has.";

/** One sentence for each kind. */
const KINDS: Readonly<Record<string, string>> = {
  APIService: "Says which server answers for a group and version of the API.",
  Binding: "Binds a pod to a node.",
  CSIDriver: "A storage driver that is installed in the cluster, and what it can do.",
  CSINode: "The storage drivers that run on a node.",
  CSIStorageCapacity: "How much storage of a class is left in a part of the cluster.",
  CertificateSigningRequest: "Asks for a certificate, to be approved and then signed.",
  ClusterRole: "A set of permissions, to be bound in the whole cluster or in single namespaces.",
  ClusterRoleBinding: "Grants a ClusterRole to users, groups and service accounts in the whole cluster.",
  ComponentStatus: "Health of a part of the control plane. Deprecated.",
  ConfigMap: "Configuration for pods, as keys and values.",
  ControllerRevision: "A recorded state of a StatefulSet or DaemonSet, to roll back to.",
  CronJob: "Starts Jobs on a schedule.",
  CustomResourceDefinition: "Adds a kind of object to the API.",
  DaemonSet: "Runs a pod on every node, or on those that match.",
  Deployment: "Runs a number of equal pods and replaces them step by step when their template changes.",
  DeviceClass: "A class of devices that claims may ask for.",
  EndpointSlice: "A part of the addresses behind a service.",
  Endpoints: "The addresses behind a service. EndpointSlice is its successor.",
  Event: "Something that happened to an object. Kept for a limited time.",
  FlowSchema: "Sorts requests to the API server into priority levels.",
  HorizontalPodAutoscaler: "Changes the number of replicas of an object to follow metrics.",
  IPAddress: "An IP address that is taken, and by what.",
  Ingress: "Routes HTTP requests from outside to services, by host and path.",
  IngressClass: "Says which controller handles the Ingresses of this class.",
  Job: "Runs pods until a number of them have succeeded.",
  Lease: "A claim that expires when it is not renewed: leader election, heartbeats of nodes.",
  LimitRange: "Smallest, largest and default resources of objects in a namespace.",
  LocalSubjectAccessReview: "Asks whether somebody may do something in a namespace.",
  MutatingAdmissionPolicy: "Changes objects on their way into the store, by expressions.",
  MutatingAdmissionPolicyBinding: "Puts a MutatingAdmissionPolicy to work, with parameters.",
  MutatingWebhookConfiguration: "Webhooks that may change objects on their way into the store.",
  Namespace: "A scope for names. Deleting it deletes everything in it.",
  NetworkPolicy: "Which traffic to and from a set of pods is allowed.",
  Node: "A machine on which pods run.",
  PersistentVolume: "A piece of storage of the cluster.",
  PersistentVolumeClaim: "Asks for storage and is bound to a PersistentVolume.",
  Pod: "Containers that run together on one node and share network and volumes.",
  PodDisruptionBudget: "How many pods of a set may be evicted at the same time.",
  PodTemplate: "A description of pods to be made.",
  PriorityClass: "A name for a scheduling priority of pods.",
  PriorityLevelConfiguration: "How many requests of a priority level the API server handles at once.",
  ReplicaSet: "Keeps a number of equal pods running. Mostly made by a Deployment.",
  ReplicationController: "Keeps a number of equal pods running. Deployment is its successor.",
  ResourceClaim: "Asks for devices that pods use.",
  ResourceClaimTemplate: "A description of ResourceClaims to be made for pods.",
  ResourceQuota: "Limits what a namespace may use in sum.",
  ResourceSlice: "Devices that a driver offers on a node.",
  Role: "A set of permissions within a namespace.",
  RoleBinding: "Grants a Role or ClusterRole to users, groups and service accounts within a namespace.",
  RuntimeClass: "A way to run containers that pods may choose.",
  Secret: "Confidential data for pods, as keys and base64 values.",
  SelfSubjectAccessReview: "Asks whether the sender may do something.",
  SelfSubjectReview: "Asks who the sender is.",
  SelfSubjectRulesReview: "Asks for everything the sender may do in a namespace.",
  Service: "A stable address in front of a changing set of pods.",
  ServiceAccount: "An identity for what runs in pods.",
  ServiceCIDR: "A range from which services get their cluster IPs.",
  StatefulSet: "Runs pods that have stable names, order and storage.",
  StorageClass: "A kind of storage that claims may ask for, and who provides it.",
  SubjectAccessReview: "Asks whether somebody may do something.",
  TokenReview: "Asks whose token this is.",
  ValidatingAdmissionPolicy: "Refuses objects on their way into the store, by expressions.",
  ValidatingAdmissionPolicyBinding: "Puts a ValidatingAdmissionPolicy to work, with parameters.",
  ValidatingWebhookConfiguration: "Webhooks that may refuse objects on their way into the store.",
  VolumeAttachment: "Attaches a volume to a node, or detaches it.",
  VolumeAttributesClass: "Attributes of volumes that may be changed later.",
  Scale: "The wanted and present number of replicas of an object.",
  Eviction: "Asks for a pod to be removed where disruption budgets allow it.",
  TokenRequest: "Asks for a token of a service account.",
  DeleteOptions: "How an object is to be deleted.",
  Status: "The API's answer where it is not an object.",
};

/** Types that many kinds share. */
const TYPES: Readonly<Record<string, string>> = {
  ObjectMeta: METADATA,
  ListMeta: "Version and paging of a list.",
  LabelSelector: "Selects objects by their labels; all parts must match. Empty selects everything.",
  PodSpec: "What a pod runs and how.",
  PodTemplateSpec: "A description of pods to be made.",
  Container: "A program to be run from an image.",
  Probe: "A check of a container's health.",
  Volume: "A directory that containers of a pod can mount.",
  VolumeMount: "Where a container finds a volume.",
  EnvVar: "An environment variable.",
  ResourceRequirements: "Resources that are reserved and that must not be exceeded.",
  OwnerReference: "An object this one belongs to. It is deleted when its last owner is gone.",
  Condition: "One aspect of the present state: whether it holds, why, since when.",
  JSONSchemaProps: "A JSON Schema, restricted as CustomResourceDefinitions need it.",
};

/** Fields by owner and name, then by name alone. */
const FIELDS: Readonly<Record<string, string>> = {
  "ObjectMeta.name": "Name of the object, unique among its kind within its namespace. It cannot be changed.",
  "ObjectMeta.generateName": "Prefix of a name that the server completes, when name is empty.",
  "ObjectMeta.namespace": "Namespace of the object. It cannot be changed.",
  "ObjectMeta.uid": "Identity of the object in time and space, given by the server.",
  "ObjectMeta.resourceVersion":
    "Changes with every write. A write that gives another one than the stored fails with a conflict.",
  "ObjectMeta.generation": "Counts changes of the wanted state.",
  "ObjectMeta.creationTimestamp": "When the object was created, set by the server.",
  "ObjectMeta.deletionTimestamp": "When the object is due to be gone, set by the server when a deletion is asked for.",
  "ObjectMeta.deletionGracePeriodSeconds": "Seconds the object is given to end, set with deletionTimestamp.",
  "ObjectMeta.labels": "Keys and values by which objects are selected.",
  "ObjectMeta.annotations": "Keys and values for tools; they cannot be selected by.",
  "ObjectMeta.ownerReferences": "Objects this one belongs to; when all are gone, it is deleted.",
  "ObjectMeta.finalizers": "Names of those who must act before the object is removed. Each removes its own when done.",
  "ObjectMeta.managedFields": "Who set which fields, kept by the server for server-side apply.",
  "ListMeta.resourceVersion": "Version of the list, from which a watch can go on.",
  "ListMeta.continue": "Token of the next page; absent on the last.",
  "ListMeta.remainingItemCount": "How many objects follow on later pages, where that is known.",
  "LabelSelector.matchLabels": "Labels and the values they must have.",
  "LabelSelector.matchExpressions": "Requirements on labels beyond equality.",
  "Container.image": "Image to run, with tag or digest.",
  "Container.command": "Replaces the entry point of the image.",
  "Container.args": "Replaces the arguments of the entry point.",
  "Container.env": "Environment variables.",
  "Container.envFrom": "ConfigMaps and Secrets whose keys become environment variables.",
  "Container.ports": "Ports the container listens on. Informational.",
  "Container.resources": "Resources that are reserved and that must not be exceeded.",
  "Container.imagePullPolicy": "When the image is fetched: Always, Never, IfNotPresent.",
  "Container.livenessProbe": "The container is restarted when this fails.",
  "Container.readinessProbe": "The pod gets no traffic while this fails.",
  "Container.startupProbe": "The other probes wait until this succeeds.",
  "PodSpec.containers": "The containers of the pod, at least one.",
  "PodSpec.initContainers": "Containers that run before the others, one after another.",
  "PodSpec.volumes": "Volumes that containers can mount.",
  "PodSpec.nodeSelector": "Labels a node must have for the pod to run there.",
  "PodSpec.serviceAccountName": "Service account under which the pod runs.",
  "PodSpec.restartPolicy": "When containers are restarted: Always, OnFailure, Never.",
  "PodSpec.terminationGracePeriodSeconds": "Seconds the pod is given to end.",
  "DeploymentSpec.strategy": "How pods are replaced.",
  "DeploymentSpec.paused": "Changes of the template are not rolled out while true.",
  "DeploymentSpec.progressDeadlineSeconds": "Seconds without progress after which the rollout counts as failed.",
  "ServiceSpec.ports": "Ports the service listens on.",
  "ServiceSpec.type": "How the service is reached: ClusterIP, NodePort, LoadBalancer, ExternalName.",
  "ServiceSpec.selector": "Labels of the pods behind the service.",
  "ConfigMap.data": "Values that are text.",
  "ConfigMap.binaryData": "Values that are bytes, in base64.",
  "Secret.data": "Values in base64.",
  "Secret.stringData": "Values as text; they are merged into data and never returned.",
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: METADATA,
  spec: "The wanted state.",
  status: "The state as last observed. Written by the system.",
  items: "The objects.",
  selector: "Selects the objects this is about, by their labels.",
  template: "Describes the objects to be made.",
  replicas: "Number of replicas.",
  revisionHistoryLimit: "How many old states are kept to roll back to.",
  minReadySeconds: "Seconds a pod must be ready to count as available.",
  conditions: "Aspects of the present state.",
  observedGeneration: "The metadata.generation that this status is about.",
  immutable: "Once true, the data cannot be changed.",
};

export function describeType({ goName, table }: BuiltinDefinition): string | undefined {
  const known = (table.gvk || table.everyGroupVersion ? KINDS[goName] : undefined) ?? TYPES[goName];
  if (known) return known;
  const item = /^(\w+)List$/.exec(goName)?.[1];
  return item && table.gvk ? `A list of objects of kind ${item}.` : undefined;
}

export function describeField({ goName }: BuiltinDefinition, { name, table }: BuiltinField): string | undefined {
  const described = FIELDS[`${goName}.${name}`];
  if (described) return described;
  // `kind` also names other objects, and `status` a condition's: only the usual shapes get the general words.
  if ((name === "kind" || name === "apiVersion") && table.proto !== undefined) return undefined;
  if ((name === "spec" || name === "status" || name === "metadata") && table.type !== "ref") return undefined;
  return FIELDS[name];
}
