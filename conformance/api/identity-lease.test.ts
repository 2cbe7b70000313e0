import { createVirtualClock } from "@homeostat/api";
import { createApiServer, createMemoryStorage, type Storage } from "@homeostat/apiserver";
import { describe, expect, it } from "vitest";
import { apiOf } from "./client.ts";
import { dials } from "./dialing.ts";

/** `apiserver-` and half a SHA-256 of "desk", in base 32. */
const name = "apiserver-jg7ec6wxicakaay3mnvujt6cn4";
const path = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${name}`;

describe.each(dials)("the lease of the server, %s", (_name, dial) => {
  const clock = createVirtualClock();
  const start = async (storage?: Storage) => {
    const server = await createApiServer({
      clock,
      identityLease: { hostname: "desk" },
      ...(storage ? { storage } : {}),
    });
    return { api: apiOf((await dial(server))()), [Symbol.asyncDispose]: () => server.stop() };
  };

  it("B280 tells of the server and is renewed every ten seconds", async () => {
    await using server = await start();
    await clock.settle();
    const { metadata, spec } = (await server.api.get(path)).body;
    expect(metadata.labels).toEqual({
      "apiserver.kubernetes.io/identity": "kube-apiserver",
      "kubernetes.io/hostname": "desk",
    });
    expect(spec).toEqual({
      holderIdentity: expect.stringMatching(new RegExp(`^${name}_[0-9a-f-]{36}$`)),
      leaseDurationSeconds: 3600,
      renewTime: expect.any(String),
    });
    await clock.advance(9_999);
    expect((await server.api.get(path)).body.spec).toEqual(spec);
    await clock.advance(1);
    const renewed = (await server.api.get(path)).body.spec;
    expect(renewed).toEqual({ ...spec, renewTime: expect.any(String) });
    expect(Date.parse(renewed.renewTime) - Date.parse(spec.renewTime)).toBe(10_000);
  });

  it("B280 comes back when it is deleted", async () => {
    await using server = await start();
    await clock.settle();
    const { spec } = (await server.api.get(path)).body;
    await server.api.delete(path);
    await clock.advance(10_000);
    expect((await server.api.get(path)).body.spec.holderIdentity).toBe(spec.holderIdentity);
  });

  it("B280 passes to the server that starts on the machine again", async () => {
    const storage = createMemoryStorage({ clock });
    let holder: string;
    {
      await using server = await start({ ...storage, close: async () => undefined } as Storage);
      await clock.settle();
      holder = (await server.api.get(path)).body.spec.holderIdentity;
    }
    await using server = await start(storage);
    await clock.settle();
    const { spec } = (await server.api.get(path)).body;
    expect(spec.holderIdentity).not.toBe(holder);
    expect(spec).toMatchObject({ leaseTransitions: 1, acquireTime: spec.renewTime });
  });
});
