import type { PodSpec } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { referencesOf } from "./references.ts";

const spec = (parts: object): PodSpec => ({ containers: [{ name: "main" }, { name: "side" }], ...parts }) as PodSpec;
const mount = (name: string) => [{ name, mountPath: `/${name}` }];

describe("references of a pod", () => {
  test("are the variables and mounted volumes of its containers", () => {
    const references = referencesOf({
      containers: [
        { name: "main", env: [{ name: "A", valueFrom: { secretKeyRef: { name: "key", key: "k" } } }] },
        { name: "side", envFrom: [{ configMapRef: { name: "all" } }], volumeMounts: mount("files") },
      ],
      volumes: [{ name: "files", configMap: { name: "files-map" } }],
    });
    expect(Object.fromEntries(references)).toEqual({
      "ConfigMap/files-map": "side",
      "Secret/key": "main",
      "ConfigMap/all": "side",
    });
  });

  test("are the sources of a projected and of a CSI volume", () => {
    const references = referencesOf(
      spec({
        containers: [{ name: "main", volumeMounts: [...mount("both"), ...mount("vault")] }],
        volumes: [
          { name: "both", projected: { sources: [{ secret: { name: "s" } }, { configMap: { name: "c" } }] } },
          {
            name: "vault",
            csi: { driver: "secrets-store.csi.k8s.io", volumeAttributes: { secretProviderClass: "spc" } },
          },
        ],
      }),
    );
    expect([...references.keys()].toSorted()).toEqual(["ConfigMap/c", "Secret/s", "SecretProviderClass/spc"]);
  });

  test("of an init container change the first regular one", () => {
    const references = referencesOf(
      spec({
        initContainers: [{ name: "init", envFrom: [{ secretRef: { name: "db" } }], volumeMounts: mount("v") }],
        volumes: [{ name: "v", secret: { secretName: "cert" } }],
      }),
    );
    expect(Object.fromEntries(references)).toEqual({ "Secret/cert": "main", "Secret/db": "main" });
  });

  test("prefer the container that mounts to the one with a variable", () => {
    const references = referencesOf({
      containers: [
        { name: "main", envFrom: [{ secretRef: { name: "db" } }] },
        { name: "side", volumeMounts: mount("v") },
      ],
      volumes: [{ name: "v", secret: { secretName: "db" } }],
    });
    expect(references.get("Secret/db")).toBe("side");
  });

  test("leave out what no container gets: unmounted volumes, ephemeral containers, pull secrets, other volumes", () => {
    const references = referencesOf(
      spec({
        volumes: [
          { name: "unused", configMap: { name: "app" } },
          { name: "disk", csi: { driver: "example.com", nodePublishSecretRef: { name: "app" } } },
        ],
        ephemeralContainers: [{ name: "debug", envFrom: [{ configMapRef: { name: "app" } }] }],
        imagePullSecrets: [{ name: "app" }],
      }),
    );
    expect([...references]).toEqual([]);
  });

  test("are none where there is no regular container", () => {
    expect(
      referencesOf({
        containers: [],
        initContainers: [{ name: "i", envFrom: [{ secretRef: { name: "db" } }] }],
      }).size,
    ).toBe(0);
  });
});
