import { formatTime, isAlreadyExists, Node, type NodeCondition } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";

export interface NodeOptions {
  /** How many nodes there should be. Default 2. */
  readonly count?: number;
  /** Names, instead of `node-1`, `node-2` …; counts more than `count`. */
  readonly names?: readonly string[];
  /** Default 110, as a kubelet's. */
  readonly pods?: number;
  /** Default `32`. */
  readonly cpu?: string;
  /** Default `256Gi`. */
  readonly memory?: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Registers nodes that are ready for pods. Those that exist stay as they are. */
export async function createNodes(client: Client, options: NodeOptions): Promise<void> {
  const names = options.names ?? Array.from({ length: options.count ?? 2 }, (_, index) => `node-${index + 1}`);
  for (const [index, name] of names.entries()) {
    try {
      const node = await client.create(Node, nodeObject(name, index, options), { fieldManager: "kubelet" });
      // A kind's status counts only under its own path.
      const status = nodeStatus(name, index, options);
      await client.status.update(Node, { ...node, status }, { fieldManager: "kubelet" });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}

function nodeObject(name: string, index: number, options: NodeOptions): Node {
  const podCIDR = podRange(index);
  return {
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": "local",
        "topology.kubernetes.io/zone": `zone-${String.fromCharCode(97 + (index % 3))}`,
      },
    },
    spec: { podCIDR, podCIDRs: [podCIDR], providerID: `homeostat://${name}` },
    status: nodeStatus(name, index, options),
  };
}

/** A range of 4094 addresses for the pods of the node with this index; sixteen fit into each second octet. */
export function podRange(index: number): string {
  return `10.${244 + (index >> 4)}.${(index & 15) * 16}.0/20`;
}

function nodeStatus(name: string, index: number, options: NodeOptions): NonNullable<Node["status"]> {
  const { cpu = "32", memory = "256Gi", pods = 110 } = options;
  const resources = { cpu, memory, pods: String(pods), "ephemeral-storage": "512Gi" };
  const time = formatTime(options.now());
  const condition = (type: string, status: string, reason: string, message: string): NodeCondition => ({
    type: type as NodeCondition["type"],
    status: status as NodeCondition["status"],
    lastHeartbeatTime: time,
    lastTransitionTime: time,
    reason,
    message,
  });
  return {
    capacity: resources,
    allocatable: resources,
    conditions: [
      condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
      condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
      condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ],
    addresses: [
      { type: "InternalIP", address: `10.0.${index >> 8}.${(index & 255) + 1}` },
      { type: "Hostname", address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      machineID: name,
      systemUUID: name,
      bootID: name,
      kernelVersion: "6.1.0",
      osImage: "Homeostat",
      containerRuntimeVersion: "fake://1.0.0",
      kubeletVersion: "v1.36.0",
      kubeProxyVersion: "v1.36.0",
      operatingSystem: "linux",
      architecture: "amd64",
    },
  };
}
