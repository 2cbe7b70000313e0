import { request } from "node:http";
import { ReconcileLedger } from "@homeostat/runtime";
import { WebApp } from "@homeostat/webapp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reconcile } from "../view/samples.test-support.ts";
import { askLedger, isRunning } from "./ledger-client.ts";
import { type LedgerServer, serveLedger } from "./ledger-server.ts";

let server: LedgerServer;
const run = () => ({ pid: 1, server: "", ledger: server.url, token: "secret" });

beforeAll(async () => {
  const ledger = new ReconcileLedger();
  ledger.record(reconcile().entry);
  server = await serveLedger(() => [{ controller: "webapp", resource: WebApp, ledger }], "secret");
});
afterAll(() => server.stop());

function send(method: string, path: string, authorization?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = authorization === undefined ? {} : { authorization };
    request(new URL(path, server.url), { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on("error", reject)
      .end();
  });
}

test("answers what the ledger knows of an object", async () => {
  const answer = await askLedger(run(), { kind: "webapp", name: "hello" });
  expect(answer).toMatchObject({
    status: 200,
    body: { reconciled: true, entries: [{ name: "hello", outcome: "success" }] },
  });
});

test("says which kinds it knows where it knows nothing", async () => {
  expect(await askLedger(run(), { kind: "pod", name: "x", namespace: "n" })).toEqual({
    status: 404,
    body: { error: "nothing is remembered about pod n/x: reconciled are objects of kind WebApp" },
  });
});

test.each([
  ["GET", "/ledger?kind=webapp&name=hello", undefined, 401],
  ["GET", "/ledger?kind=webapp&name=hello", "Bearer wrong!", 401],
  ["GET", "/ledger?kind=webapp&name=hello", "Bearer secret", 200],
  ["GET", "/ledger", "Bearer secret", 400],
  ["GET", "/else", "Bearer secret", 404],
  ["POST", "/ledger?kind=webapp&name=hello", "Bearer secret", 405],
])("answers %s %s with %j by %i", async (method, path, authorization, status) => {
  expect(await send(method, path, authorization)).toBe(status);
});

test("tells a running one from one that has ended, and from a stranger on its port", async () => {
  expect(await isRunning(run())).toBe(true);
  expect(await isRunning({ ...run(), token: "another's" })).toBe(false);
  const ended = await serveLedger(() => [], "secret");
  await ended.stop();
  expect(await isRunning({ ...run(), ledger: ended.url })).toBe(false);
});
