import { ConfigMap, type Stored } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { at, configMap, key, Site, type SiteDefinition, site, siteWorld } from "./site.test-support.ts";

const definition: SiteDefinition = {
  children: [ConfigMap],
  adopt: "ownerless",
  formerFieldManagers: ["before"],
  desired: ({ spec }) => [configMap("c", { kept: spec.text })],
};

async function world(given: SiteDefinition, fieldManager: string) {
  const { admin, ...rest } = await siteWorld();
  await admin.create(ConfigMap, configMap("c", { kept: "old", gone: "old" }, { namespace: "demo" }), { fieldManager });
  await admin.patchMerge(ConfigMap, at("c"), { data: { theirs: "x" } }, { fieldManager: "person" });
  await rest.start(given);
  await admin.create(Site, site({ text: "new" }));
  await rest.settle(1_000);
  return { ...rest, admin };
}

const managers = ({ metadata }: Stored<ConfigMap>) =>
  metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`).toSorted();

describe("formerFieldManagers", () => {
  test("takes away what a program before wrote and nobody wants, and nothing of others", async () => {
    const { admin } = await world(definition, "before");
    const found = await admin.get(ConfigMap, at("c"));
    expect(found.data).toEqual({ kept: "new", theirs: "x" });
    expect(managers(found)).toEqual(["person Update", "site Apply"]);
  });

  test("leaves what it does not name", async () => {
    const { admin } = await world(definition, "somebody");
    const found = await admin.get(ConfigMap, at("c"));
    expect(found.data).toEqual({ gone: "old", kept: "new", theirs: "x" });
  });

  test("asks once, not at each change", async () => {
    const { admin, settle, writes } = await world(definition, "before");
    const before = writes.length;
    await admin.patchMerge(Site, key, { spec: { text: "newer" } });
    await settle(1_000);
    expect(writes.slice(before).filter((write) => write.includes("/configmaps/"))).toHaveLength(1);
  });
});
