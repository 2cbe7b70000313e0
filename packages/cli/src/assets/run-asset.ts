import type { Environment } from "../environment.ts";
import { errorText, exitCode } from "../errors.ts";
import { parseGoFlags } from "./go-flags.ts";

/** Runs what one of the executables stands for, until it is told to stop. @returns the exit code */
export async function runAsset(name: string, argv: readonly string[], environment: Environment): Promise<number> {
  const flags = parseGoFlags(argv);
  try {
    if (name === "etcd") {
      const { etcdHelp, runEtcd } = await import("./etcd.ts");
      if (flags.has("help") || flags.has("h")) environment.stdout.write(etcdHelp);
      else if (flags.has("version")) environment.stdout.write("etcd Version: homeostat\n");
      else await runEtcd(flags, environment);
      return 0;
    }
    const { kubeApiServerHelp, runKubeApiServer } = await import("./kube-apiserver.ts");
    if (flags.has("help") || flags.has("h")) environment.stdout.write(kubeApiServerHelp);
    else if (flags.has("version")) {
      const { kubernetesVersion } = await import("@homeostat/apiserver");
      environment.stdout.write(`Kubernetes ${kubernetesVersion.gitVersion}\n`);
    } else await runKubeApiServer(flags, environment);
    return 0;
  } catch (error) {
    environment.stderr.write(`${errorText(error)}\n`);
    return exitCode(error);
  }
}
