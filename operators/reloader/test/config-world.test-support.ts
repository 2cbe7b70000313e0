import { Deployment } from "@homeostat/api";
import { expectApplied } from "@homeostat/devcluster";
import { expect } from "vitest";
import { ReloaderConfig } from "../src/api.ts";
import { key, type ReloaderWorld, rolls, startWorld, workload } from "./world.test-support.ts";

export type Spec = Parameters<typeof ReloaderConfig.object>[0]["spec"];
export const config = (spec: Spec, metadata: object = {}) =>
  ReloaderConfig.object({ metadata: { ...key("c"), ...metadata }, spec });
export const target = (name: string, parts: object = {}) => ({ kind: "Deployment" as const, name, ...parts });
export const listed: Spec = { watchedResources: { secrets: ["db"] }, targets: [target("web")] };

export const deployment = ({ cluster }: ReloaderWorld, name = "web", namespace = "default") =>
  cluster.client.get(Deployment, key(name, namespace));
export const rollsOf = async (world: ReloaderWorld, name = "web", namespace = "default") =>
  rolls(await deployment(world, name, namespace));
export const status = async ({ cluster }: ReloaderWorld) =>
  (await cluster.client.get(ReloaderConfig, key("c"))).status!;

/** The config, a Deployment web that uses Secret db, and all of it known to the operator. */
export async function watched(spec: Spec = listed, options: Parameters<typeof startWorld>[0] = {}) {
  const world = await startWorld(options);
  await world.secret("db", { password: "initial" });
  await expectApplied(world.cluster, workload("web", { secrets: ["db"] }), config(spec));
  await world.settle();
  expect(await rollsOf(world)).toBe(0);
  return world;
}
