import { cpus, totalmem } from "node:os";

/** What figures depend on, without saying whose machine it is. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
}

export function thisMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
}

/** `linux-x64-2-amd-epyc`: results of one class may be put side by side. */
export function hostClass({ platform, cores, cpu }: Machine): string {
  const model = cpu.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return `${platform}-${cores}-${model}`.replace(/-+$/, "");
}
