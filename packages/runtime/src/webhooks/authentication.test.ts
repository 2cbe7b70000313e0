import { afterEach, expect, test } from "vitest";
import { authentication } from "./authentication.ts";
import { type Served, serve } from "./server.test-support.ts";

let served: Served;
afterEach(() => served.stop());

const review = (token: unknown, version = "v1", audiences?: string[]) => ({
  apiVersion: `authentication.k8s.io/${version}`,
  kind: "TokenReview",
  spec: { token: token as string, ...(audiences ? { audiences } : {}) },
});

const start = async () => {
  served = await serve([
    authentication("/authenticate", (token, { audiences }) => {
      if (token === "boom") throw new Error("the directory does not answer");
      return token === "good" ? { user: { username: "jane", groups: ["dev"] }, audiences } : undefined;
    }),
  ]);
  return served;
};

test("tells whose token it is, in the version of the review", async () => {
  const { post } = await start();
  for (const version of ["v1", "v1beta1"]) {
    const { status, body } = await post("/authenticate", review("good", version, ["api"]));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      apiVersion: `authentication.k8s.io/${version}`,
      kind: "TokenReview",
      status: { authenticated: true, user: { username: "jane", groups: ["dev"] }, audiences: ["api"] },
    });
  }
});

test("says no to unknown tokens, and why where it could not find out, without repeating the token", async () => {
  const { post } = await start();
  const unknown = await post("/authenticate", review("bad"));
  expect(unknown.body["status"]).toEqual({ authenticated: false });
  expect(JSON.stringify(unknown.body)).not.toContain("bad");
  expect((await post("/authenticate", review("boom"))).body["status"]).toEqual({
    authenticated: false,
    error: "the directory does not answer",
  });
  expect((await post("/authenticate", review(""))).body["status"]).toMatchObject({
    authenticated: false,
    error: expect.stringContaining("spec.token"),
  });
  expect((await post("/authenticate", Buffer.from("?"))).body["status"]).toMatchObject({ authenticated: false });
});
