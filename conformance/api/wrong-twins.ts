/**
 * Manifests of the corpus with one thing wrong: whose, the field, what is written there (undefined: it is left out), and
 * what the refusal says. `~` stands for the spec of the pod template.
 */
export type WrongTwin = readonly [id: string, field: string, value: unknown, refusal: string];

const http = { httpGet: { port: 80 } };
const term = { nodeSelectorTerms: [] };
const first = "~.containers[0]";
const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

/** Pods, in templates and of their own. */
const pods: readonly WrongTwin[] = [
  [
    "Deployment web",
    `${first}.livenessProbe`,
    { ...http, successThreshold: 2 },
    `${first}.livenessProbe.successThreshold: Invalid value: 2: must be 1`,
  ],
  [
    "Deployment web",
    `${first}.readinessProbe`,
    { ...http, terminationGracePeriodSeconds: 5 },
    `${first}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes`,
  ],
  [
    "Deployment web",
    "~.dnsPolicy",
    "None",
    "~.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
  ],
  [
    "Deployment spread",
    "~.dnsConfig.nameservers[0]",
    "ns.example.com",
    '~.dnsConfig.nameservers[0]: Invalid value: "ns.example.com": must be a valid IP address',
  ],
  ["Deployment spread", "~.dnsConfig.options[0].name", "", "~.dnsConfig.options[0]: Required value: must not be empty"],
  [
    "Deployment spread",
    "~.hostAliases[0].ip",
    "legacy",
    '~.hostAliases[0].ip: Invalid value: "legacy": must be a valid IP address',
  ],
  [
    "Deployment spread",
    "~.hostAliases[0].hostnames[1]",
    "Legacy_1",
    '~.hostAliases[0].hostnames[1]: Invalid value: "Legacy_1": a lowercase RFC 1123 subdomain',
  ],
  [
    "Deployment spread",
    "~.topologySpreadConstraints[1].whenUnsatisfiable",
    "Never",
    '~.topologySpreadConstraints[1].whenUnsatisfiable: Unsupported value: "Never": supported values: "DoNotSchedule", "ScheduleAnyway"',
  ],
  [
    "Deployment spread",
    "~.topologySpreadConstraints[1].minDomains",
    2,
    "~.topologySpreadConstraints[1].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
  ],
  [
    "Deployment spread",
    "~.topologySpreadConstraints[1]",
    { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule" },
    '~.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: Duplicate value: "{topology.kubernetes.io/zone, DoNotSchedule}"',
  ],
  [
    "Deployment spread",
    "~.topologySpreadConstraints[0].labelSelector",
    undefined,
    "~.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
  ],
  [
    "Deployment spread",
    `~.affinity.podAffinity.${preferred}[0].weight`,
    0,
    `~.affinity.podAffinity.${preferred}[0].weight: Invalid value: 0: must be in the range 1-100`,
  ],
  [
    "Deployment spread",
    `~.affinity.podAntiAffinity.${required}[0].topologyKey`,
    "",
    `~.affinity.podAntiAffinity.${required}[0].topologyKey: Required value: can not be empty`,
  ],
  [
    "Deployment spread",
    `~.affinity.podAntiAffinity.${required}[0].labelSelector.matchExpressions`,
    [{ key: "app", operator: "Is", values: ["a"] }],
    `~.affinity.podAntiAffinity.${required}[0].labelSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator`,
  ],
  [
    "Deployment spread",
    `${first}.lifecycle.preStop.sleep.seconds`,
    31,
    `${first}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)`,
  ],
  [
    "Deployment spread",
    `${first}.lifecycle.postStart.httpGet.httpHeaders[0].name`,
    "X Warm",
    `${first}.lifecycle.postStart.httpGet.httpHeaders[0].name: Invalid value: "X Warm": a valid HTTP header must consist of`,
  ],
  [
    "Deployment spread",
    `${first}.ports[1].name`,
    "http-over-datagrams",
    `${first}.ports[1].name: Invalid value: "http-over-datagrams": must be no more than 15 characters`,
  ],
  [
    "DaemonSet node-agent",
    `~.affinity.nodeAffinity.${required}`,
    term,
    `~.affinity.nodeAffinity.${required}.nodeSelectorTerms: Required value: must have at least one node selector term`,
  ],
  [
    "DaemonSet node-agent",
    `~.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchExpressions[1].values`,
    ["1", "2"],
    `~.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchExpressions[1].values: Required value: must be specified single value when \`operator\` is 'Lt' or 'Gt'`,
  ],
  [
    "DaemonSet node-agent",
    `~.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchExpressions[0].operator`,
    "Equals",
    `~.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchExpressions[0].operator: Invalid value: "Equals": not a valid selector operator`,
  ],
  [
    "DaemonSet node-agent",
    `~.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchFields[0].key`,
    "metadata.uid",
    `~.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchFields[0].key: Invalid value: "metadata.uid": not a valid field selector key`,
  ],
  [
    "DaemonSet node-agent",
    `${first}.ports[0].hostPort`,
    9101,
    `${first}.ports[0].containerPort: Invalid value: 9100: must match \`hostPort\` when \`hostNetwork\` is true`,
  ],
  [
    "DaemonSet node-agent",
    `${first}.securityContext.allowPrivilegeEscalation`,
    false,
    "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
  ],
  [
    "DaemonSet node-agent",
    `${first}.env[1].valueFrom.fieldRef.fieldPath`,
    "status.phase",
    `${first}.env[1].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name"`,
  ],
  [
    "DaemonSet node-agent",
    `${first}.env[2].valueFrom.resourceFieldRef.resource`,
    "limits.disk",
    `${first}.env[2].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.disk": supported values: "limits.cpu"`,
  ],
  [
    "DaemonSet node-agent",
    `${first}.resources.limits`,
    { memory: "200Mi", gpu: 1 },
    `${first}.resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified`,
  ],
  [
    "DaemonSet node-agent",
    `${first}.resources`,
    { requests: { "nvidia.com/gpu": 1 } },
    `${first}.resources.limits: Required value: Limit must be set for non overcommitable resources`,
  ],
  [
    "DaemonSet node-agent",
    "~.volumes[1].hostPath.type",
    "Pipe",
    '~.volumes[1].hostPath.type: Unsupported value: "Pipe": supported values:',
  ],
  [
    "DaemonSet node-agent",
    "~.volumes[0].hostPath.path",
    "/var/../etc",
    "~.volumes[0].hostPath.path: Invalid value: \"/var/../etc\": must not contain '..'",
  ],
  [
    "DaemonSet node-agent",
    "~.containers[1].volumeMounts",
    [{ name: "root", mountPath: "/host", mountPropagation: "Bidirectional" }],
    "~.containers[1].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
  ],
  [
    "DaemonSet node-agent",
    "~.volumes[2].projected.sources[0].serviceAccountToken.expirationSeconds",
    60,
    "~.volumes[2].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes",
  ],
  ["DaemonSet node-agent", "~.shareProcessNamespace", true, "ShareProcessNamespace and HostPID cannot both be enabled"],
  [
    "StatefulSet orders-db",
    "~.securityContext.runAsUser",
    -1,
    "~.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
  ],
  [
    "StatefulSet orders-db",
    "~.securityContext.seccompProfile",
    { type: "Localhost" },
    "~.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
  ],
  [
    "StatefulSet orders-db",
    "~.securityContext.sysctls[0].name",
    "net ipv4",
    '~.securityContext.sysctls[0].name: Invalid value: "net ipv4": must have at most 253 characters and match regex',
  ],
  [
    "StatefulSet orders-db",
    `${first}.volumeMounts[4].subPath`,
    "../pg_hba.conf",
    `${first}.volumeMounts[4].subPath: Invalid value: "../pg_hba.conf": must not contain '..'`,
  ],
  ["StatefulSet orders-db", `${first}.volumeMounts[0].name`, "dat", `${first}.volumeMounts[0].name: Not found: "dat"`],
  [
    "StatefulSet orders-db",
    "~.volumes[1].configMap.items[0].path",
    "/etc/pg_hba.conf",
    '~.volumes[1].configMap.items[0].path: Invalid value: "/etc/pg_hba.conf": must be a relative path',
  ],
  [
    "StatefulSet orders-db",
    "~.volumes[1].configMap.defaultMode",
    644,
    "~.volumes[1].configMap.defaultMode: Invalid value: 644: must be a number between 0 and 0777 (octal), both inclusive",
  ],
  [
    "Pod sidecars",
    "spec.initContainers[1].livenessProbe",
    http,
    "spec.initContainers[1].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
  ],
  [
    "Pod sidecars",
    "spec.initContainers[1].lifecycle",
    { preStop: { exec: { command: ["true"] } } },
    "spec.initContainers[1].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always",
  ],
  [
    "Pod sidecars",
    "spec.ephemeralContainers",
    [{ name: "debug", image: "busybox" }],
    "spec.ephemeralContainers: Forbidden: cannot be set on create",
  ],
  [
    "Pod sidecars",
    "spec.activeDeadlineSeconds",
    0,
    "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
  ],
  [
    "Pod volumes",
    "spec.containers[0].volumeDevices[0].name",
    "empty",
    'spec.containers[0].volumeDevices[0].name: Invalid value: "empty": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
  ],
  [
    "Pod volumes",
    "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes",
    [],
    "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required",
  ],
  [
    "Pod volumes",
    "spec.volumes[7]",
    { name: "empty", emptyDir: {}, hostPath: { path: "/" } },
    "Forbidden: may not specify more than 1 volume type",
  ],
  [
    "Pod gated",
    "spec.nodeName",
    "node-1",
    "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
  ],
  ["Pod gated", "spec.schedulingGates[1].name", "example.com/quota", "spec.schedulingGates[1]: Duplicate value:"],
  ["Pod gated", "spec.os.name", "plan9", 'Unsupported value: "plan9": supported values: "linux", "windows"'],
  [
    "Pod gated",
    "spec.resourceClaims[1].resourceClaimTemplateName",
    "one-nic",
    "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
  ],
  [
    "Pod gated",
    "spec.containers[0].resources.claims[0].name",
    "tpu",
    "spec.containers[0].resources.claims[0]: Not found:",
  ],
  ["Pod windows", "spec.hostPID", true, "spec.hostPID: Forbidden: cannot be set for a windows pod"],
];

/** What runs pods. */
const workloads: readonly WrongTwin[] = [
  [
    "StatefulSet quorum",
    "spec.updateStrategy.rollingUpdate",
    { partition: 1 },
    "only allowed for updateStrategy 'RollingUpdate'",
  ],
  [
    "StatefulSet orders-db",
    "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
    "Keep",
    'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep"',
  ],
  [
    "StatefulSet orders-db",
    "spec.ordinals.start",
    -1,
    "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0",
  ],
  [
    "DaemonSet surging",
    "spec.updateStrategy.rollingUpdate.maxUnavailable",
    1,
    "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero",
  ],
  [
    "DaemonSet surging",
    "spec.updateStrategy.rollingUpdate.maxSurge",
    0,
    "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0",
  ],
  [
    "DaemonSet surging",
    "~.activeDeadlineSeconds",
    10,
    "~.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported",
  ],
  [
    "Deployment web",
    "~.restartPolicy",
    "Never",
    '~.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
  ["Deployment web", "spec.selector.matchLabels.app", "wed", "`selector` does not match template `labels`"],
  [
    "Deployment web",
    "spec.template.metadata.annotations",
    { "not a key": "x" },
    'spec.template.metadata.annotations: Invalid value: "not a key": ',
  ],
  [
    "Deployment spread",
    "spec.strategy.rollingUpdate.maxSurge",
    0,
    "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
  ],
  ["Job shards", "spec.completions", undefined, "spec.completions: Required value: when completion mode is Indexed"],
  [
    "Job queue",
    "spec.backoffLimitPerIndex",
    1,
    "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
  ],
  [
    "Job shards",
    "spec.maxFailedIndexes",
    11,
    "spec.maxFailedIndexes: Invalid value: 11: must be less than or equal to completions",
  ],
  [
    "Job shards",
    "spec.podFailurePolicy.rules[0].onExitCodes.values",
    [41, 40],
    "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [41,40]: must be ordered",
  ],
  [
    "Job shards",
    "spec.podFailurePolicy.rules[0].onExitCodes.containerName",
    "worker",
    'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "worker": must be one of the container or initContainer names in the pod template',
  ],
  [
    "Job shards",
    "spec.podFailurePolicy.rules[1].action",
    "Explode",
    'spec.podFailurePolicy.rules[1].action: Unsupported value: "Explode": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
  ],
  [
    "Job shards",
    "spec.podReplacementPolicy",
    "TerminatingOrFailed",
    'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
  ],
  ["Job queue", "spec.successPolicy", { rules: [{ succeededCount: 1 }] }, "requires indexed completion mode"],
  [
    "Job shards",
    "spec.successPolicy.rules[1].succeededCount",
    20,
    "spec.successPolicy.rules[1].succeededCount: Invalid value: 20: must be less than or equal to 10 (the number of specified completions)",
  ],
  [
    "Job queue",
    "spec.managedBy",
    "kueue",
    'spec.managedBy: Invalid value: "kueue": must be a domain-prefixed path (such as "acme.io/foo")',
  ],
  [
    "CronJob backup",
    "spec.timeZone",
    "Mars/Olympus",
    'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus',
  ],
  ["CronJob backup", "metadata.name", `backup-${"a".repeat(46)}`, "metadata.name: Invalid value: "],
];

/** Networks. */
const networks: readonly WrongTwin[] = [
  ["Service web", "spec.ports[0].name", undefined, "spec.ports[0].name: Required value"],
  [
    "Service web",
    "spec.loadBalancerClass",
    "example.com/a",
    "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
  ],
  [
    "Service web",
    "spec.externalTrafficPolicy",
    "Local",
    'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
  ],
  [
    "Service web",
    "spec.trafficDistribution",
    "Near",
    'spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"',
  ],
  [
    "Service web",
    "spec.ports[0].appProtocol",
    "h 2",
    'spec.ports[0].appProtocol: Invalid value: "h 2": name part must consist of',
  ],
  [
    "Service edge",
    "spec.loadBalancerSourceRanges[0]",
    "10.0.0.0",
    'spec.loadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
  ],
  [
    "Service on-nodes",
    "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
    90_000,
    "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and less than 86400",
  ],
  [
    "Service on-nodes",
    "spec.ports[0].nodePort",
    80,
    "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
  ],
  [
    "Service on-nodes",
    "spec.externalIPs[0]",
    "127.0.0.1",
    'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range',
  ],
  [
    "Service elsewhere",
    "spec.externalName",
    "db_1.example.com",
    'spec.externalName: Invalid value: "db_1.example.com"',
  ],
  [
    "EndpointSlice external-1",
    "endpoints[0].addresses[0]",
    "169.254.1.1",
    'endpoints[0].addresses[0]: Invalid value: "169.254.1.1": may not be in the link-local range',
  ],
  ["EndpointSlice external-1", "ports[1].name", "", 'ports[1].name: Duplicate value: ""'],
  [
    "Endpoints by-hand",
    "subsets[0].addresses[0].ip",
    "one",
    'subsets[0].addresses[0].ip: Invalid value: "one": must be a valid IP address',
  ],
  ["Endpoints by-hand", "subsets[0].ports", [{ port: 1 }, { port: 2 }], "subsets[0].ports[0].name: Required value"],
  [
    "Ingress shop",
    "spec.tls[0].hosts[1]",
    "*.*.example.com",
    "spec.tls[0].hosts[1]: Invalid value: \"*.*.example.com\": a wildcard DNS-1123 subdomain must start with '*.'",
  ],
  [
    "Ingress shop",
    "spec.rules[0].http.paths[1].path",
    "shop",
    'spec.rules[0].http.paths[1].path: Invalid value: "shop": must be an absolute path',
  ],
  [
    "Ingress shop",
    "spec.rules[0].http.paths[1].backend.service.port",
    {},
    "spec.rules[0].http.paths[1].backend.service: Required value: port name or number is required",
  ],
  [
    "Ingress shop",
    "spec.rules[0].http.paths[1].backend.service.name",
    "Web_1",
    'spec.rules[0].http.paths[1].backend.service.name: Invalid value: "Web_1": a DNS-1035 label must consist of',
  ],
  [
    "IngressClass corpus-nginx",
    "spec.controller",
    "nginx",
    'spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")',
  ],
  [
    "IngressClass corpus-nginx",
    "spec.parameters.scope",
    "Namespace",
    "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
  ],
  [
    "NetworkPolicy allow-some",
    "spec.ingress[1].from[2].ipBlock.cidr",
    "172.17.0.0",
    'spec.ingress[1].from[2].ipBlock.cidr: Invalid value: "172.17.0.0": must be a valid CIDR value',
  ],
  [
    "NetworkPolicy allow-some",
    "spec.ingress[1].from[2].ipBlock.except[0]",
    "172.16.0.0/12",
    'spec.ingress[1].from[2].ipBlock.except[0]: Invalid value: "172.16.0.0/12": must be a strict subset of `cidr`',
  ],
  [
    "NetworkPolicy allow-some",
    "spec.egress[0].ports[0].endPort",
    100,
    "spec.egress[0].ports[0].endPort: Invalid value: 100: must be greater than or equal to `port`",
  ],
];

/** Limits, scaling, storage, access. */
const others: readonly WrongTwin[] = [
  [
    "HorizontalPodAutoscaler web",
    "spec.metrics[0].resource.target.averageUtilization",
    50,
    "spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization",
  ],
  [
    "HorizontalPodAutoscaler web",
    "spec.metrics[2].pods.target",
    { type: "Value", value: 1 },
    "spec.metrics[2].pods.target.averageValue: Required value: must specify a positive target averageValue",
  ],
  [
    "HorizontalPodAutoscaler web",
    "spec.behavior.scaleUp.policies[0].periodSeconds",
    2000,
    "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 2000: must be less than or equal to 1800",
  ],
  [
    "HorizontalPodAutoscaler web",
    "spec.behavior.scaleDown.stabilizationWindowSeconds",
    4000,
    "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600",
  ],
  [
    "HorizontalPodAutoscaler web",
    "spec.behavior.scaleDown.selectPolicy",
    "Best",
    'spec.behavior.scaleDown.selectPolicy: Unsupported value: "Best": supported values: "Disabled", "Max", "Min"',
  ],
  [
    "HorizontalPodAutoscaler web",
    "spec.metrics[0].pods",
    { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "1" } },
    "spec.metrics[0].pods: Forbidden: must populate the given metric source only",
  ],
  [
    "HorizontalPodAutoscaler minimal",
    "spec.minReplicas",
    4,
    "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
  ],
  [
    "PodDisruptionBudget web",
    "spec.maxUnavailable",
    "120%",
    'spec.maxUnavailable: Invalid value: "120%": must not be greater than 100%',
  ],
  [
    "PodDisruptionBudget web",
    "spec.unhealthyPodEvictionPolicy",
    "Sometimes",
    'spec.unhealthyPodEvictionPolicy: Unsupported value: "Sometimes": supported values: "AlwaysAllow", "IfHealthyBudget"',
  ],
  [
    "ResourceQuota compute",
    "spec.hard",
    { gpu: 1 },
    'spec.hard[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
  ],
  [
    "ResourceQuota compute",
    "spec.hard",
    { pods: "1.5" },
    'spec.hard[pods]: Invalid value: "1500m": must be an integer',
  ],
  ["ResourceQuota low", "spec.scopes[0]", "Urgent", 'spec.scopes: Invalid value: ["Urgent"]: unsupported scope'],
  [
    "ResourceQuota low",
    "spec.scopes",
    ["Terminating", "NotTerminating"],
    'spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes',
  ],
  ["LimitRange sizes", "spec.limits[2].default.memory", "600Gi", "default value 600Gi is greater than max value 512Gi"],
  [
    "LimitRange sizes",
    "spec.limits[1].default",
    { cpu: 1 },
    "spec.limits[1].default: Forbidden: may not be specified when `type` is 'Pod'",
  ],
  [
    "LimitRange sizes",
    "spec.limits[0]",
    { type: "PersistentVolumeClaim" },
    "spec.limits[0]: Required value: either minimum or maximum storage value is required, but neither was provided",
  ],
  ["LimitRange sizes", "spec.limits[1].type", "Container", 'spec.limits[2].type: Duplicate value: "Container"'],
  [
    "PriorityClass corpus-high",
    "value",
    1_000_000_001,
    "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
  ],
  ["RuntimeClass corpus-gvisor", "handler", "Run_SC", 'handler: Invalid value: "Run_SC": a lowercase RFC 1123 label'],
  [
    "PersistentVolume corpus-local",
    "spec.nodeAffinity",
    undefined,
    "spec.nodeAffinity: Required value: Local volume requires node affinity",
  ],
  [
    "PersistentVolume corpus-csi",
    "spec.nfs",
    { server: "a", path: "/a" },
    "Forbidden: may not specify more than 1 volume type",
  ],
  ["PersistentVolume corpus-csi", "spec.csi.volumeHandle", "", "spec.csi.volumeHandle: Required value"],
  ["PersistentVolume corpus-csi", "spec.accessModes[0]", "RWX", 'spec.accessModes: Unsupported value: "RWX"'],
  [
    "PersistentVolumeClaim media",
    "spec.storageClassName",
    "Fast_1",
    'spec.storageClassName: Invalid value: "Fast_1": a lowercase RFC 1123 subdomain',
  ],
  ["PersistentVolumeClaim media", "spec.resources", undefined, "spec.resources[storage]: Required value"],
  [
    "CSIDriver corpus.csi.example.com",
    "spec.volumeLifecycleModes[0]",
    "Eternal",
    'spec.volumeLifecycleModes: Unsupported value: "Eternal": supported values: "Ephemeral", "Persistent"',
  ],
  ["Secret web-tls", "data", { "tls.crt": "" }, "data[tls.key]: Required value"],
  ["ConfigMap settled", "data", { "a b": "" }, 'data[a b]: Invalid value: "a b": a valid config key must consist of'],
  [
    "RoleBinding robots",
    "subjects[0].name",
    "Robot!",
    'subjects[0].name: Invalid value: "Robot!": a lowercase RFC 1123 subdomain',
  ],
  ["RoleBinding robots", "subjects[0].namespace", "", "subjects[0].namespace: Required value"],
  [
    "Role system:leader-locking:corpus",
    "rules[0].apiGroups",
    [],
    "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
  ],
  [
    "ValidatingWebhookConfiguration corpus-validating",
    "webhooks[0].clientConfig.service.path",
    "validate",
    "webhooks[0].clientConfig.service.path: Invalid value: \"validate\": must start with a '/'",
  ],
  [
    "ValidatingWebhookConfiguration corpus-validating",
    "webhooks[0].name",
    "vwidget",
    'webhooks[0].name: Invalid value: "vwidget": should be a domain with at least three segments separated by dots',
  ],
  [
    "ValidatingAdmissionPolicy corpus-replicas",
    "spec.validations[0].reason",
    "Nope",
    'spec.validations[0].reason: Unsupported value: "Nope": supported values: ',
  ],
  [
    "ValidatingAdmissionPolicy corpus-replicas",
    "spec.validations[0].expression",
    "object.spec.replicas <=",
    "spec.validations[0].expression: Invalid value: ",
  ],
  [
    "ValidatingAdmissionPolicyBinding corpus-replicas",
    "spec.paramRef.parameterNotFoundAction",
    undefined,
    "spec.paramRef.parameterNotFoundAction: Required value",
  ],
  [
    "FlowSchema corpus-flow",
    "spec.priorityLevelConfiguration.name",
    "",
    "spec.priorityLevelConfiguration.name: Required value",
  ],
];

export const wrongTwins: readonly WrongTwin[] = [...pods, ...workloads, ...networks, ...others].map(
  ([id, field, value, refusal]) => [id, inTemplate(field), value, inTemplate(refusal)],
);

function inTemplate(text: string): string {
  return text.startsWith("~.") ? `spec.template.spec${text.slice(1)}` : text;
}

/** What stays as it was made: whose, a merge patch, and what the refusal says. */
export const forbiddenChanges: readonly (readonly [id: string, change: object, refusal: string])[] = [
  ["Deployment web", { spec: { selector: { matchLabels: { app: "x" } } } }, "spec.selector: Invalid value: "],
  ["DaemonSet surging", { spec: { selector: { matchLabels: { app: "surging" } } } }, "field is immutable"],
  ["ReplicaSet bare-set", { spec: { selector: { matchLabels: { app: "x" } } } }, "field is immutable"],
  [
    "StatefulSet quorum",
    { spec: { serviceName: "x" } },
    "spec: Forbidden: updates to statefulset spec for fields other",
  ],
  ["Job migrate", { spec: { completions: 3 } }, "spec.completions: Invalid value: 3: field is immutable"],
  ["Job queue", { spec: { template: { spec: { priority: 1 } } } }, "spec.template: Invalid value: "],
  ["Service web", { spec: { clusterIP: "10.96.9.9", clusterIPs: ["10.96.9.9"] } }, "may not change once set"],
  ["Secret web-tls", { type: "Opaque" }, 'type: Invalid value: "Opaque": field is immutable'],
  ["Secret own-type", { data: { a: "YQ==" } }, "data: Forbidden: field is immutable when `immutable` is set"],
  ["ConfigMap settled", { immutable: false }, "immutable: Forbidden: field is immutable when `immutable` is set"],
  ["PersistentVolumeClaim restored", { spec: { accessModes: ["ReadWriteMany"] } }, "spec is immutable after creation"],
  ["PersistentVolume corpus-host", { spec: { hostPath: { path: "/x" } } }, "is immutable after creation"],
  ["RoleBinding robots", { roleRef: { name: "x" } }, "cannot change roleRef"],
  ["StorageClass corpus-fast", { provisioner: "x" }, "provisioner: Forbidden: updates to provisioner are forbidden."],
  [
    "StorageClass corpus-fast",
    { parameters: { type: "io2" } },
    "parameters: Forbidden: updates to parameters are forbidden.",
  ],
  ["PriorityClass corpus-high", { value: 5 }, "value: Forbidden: may not be changed in an update."],
  ["IngressClass corpus-nginx", { spec: { controller: "example.com/x" } }, "spec.controller: Invalid value: "],
  ["CSIDriver corpus.csi.example.com", { spec: { attachRequired: true } }, "field is immutable"],
  ["RuntimeClass corpus-gvisor", { handler: "x" }, 'handler: Invalid value: "x": field is immutable'],
  ["EndpointSlice external-1", { addressType: "FQDN" }, 'addressType: Invalid value: "FQDN": field is immutable'],
  ["Gadget one", { spec: { tier: "small", replicas: 1 } }, "spec.tier: Forbidden: tier is immutable"],
  [
    "Pod sidecars",
    { spec: { nodeSelector: { a: "b" } } },
    "spec: Forbidden: pod updates may not change fields other than",
  ],
  [
    "Pod sidecars",
    { spec: { terminationGracePeriodSeconds: 5 } },
    "spec: Forbidden: pod updates may not change fields",
  ],
  [
    "Pod gated",
    { spec: { activeDeadlineSeconds: 700 } },
    "spec.activeDeadlineSeconds: Invalid value: 700: must be less than or equal to previous value",
  ],
  [
    "Pod gated",
    { spec: { activeDeadlineSeconds: null } },
    "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value",
  ],
];
