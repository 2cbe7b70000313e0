import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createVirtualClock, sleep, systemClock, type Transport } from "@homeostat/api";
import { type ApiServer, createApiServer, createMemoryStorage, type Storage } from "@homeostat/apiserver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiOf } from "../api/client.ts";
import { configMap, definition, deployment, widget } from "../api/objects.ts";
import { countFrom, seededRandom } from "../support/random.ts";
import { collections, group, type MalformedRequest } from "./malformed.ts";
import { malformedBodies } from "./malformed-bodies.ts";
import { malformedDefinitions } from "./malformed-definitions.ts";
import { malformedPatches } from "./malformed-patches.ts";
import { malformedPaths } from "./malformed-paths.ts";
import { malformedQueries } from "./malformed-queries.ts";

/** `HOMEOSTAT_FUZZ=100000` sends so many, `HOMEOSTAT_SEED` chooses others. */
const count = countFrom("HOMEOSTAT_FUZZ", 5000);
const seed = countFrom("HOMEOSTAT_SEED", 1);

const families = { malformedPaths, malformedQueries, malformedBodies, malformedPatches, malformedDefinitions };
const malformers = Object.values(families);

/** Errors of the client that upstream answers with 500 as well. */
const upstreamsOwn500 = [
  /resourceVersion should not be set on objects to be created/,
  /failed to create typed (patch|live) object|field not declared in schema/,
  /merge key|must be merge, replace or delete|does not match \$setElementOrder|only objects or only scalars/,
  /unable to find api field|cannot restore slice|\$retainKeys/,
];

describe("a malformed request", () => {
  const clock = createVirtualClock();
  let storage: Storage;
  let server: ApiServer;
  let transport: Transport;
  const logged: string[] = [];
  const audited = new Set<string>();

  beforeAll(async () => {
    storage = createMemoryStorage({ clock });
    const log = {
      debug() {},
      info() {},
      warn() {},
      error: (fields: object) => void logged.push(JSON.stringify(fields)),
    };
    // What is logged of a request must stand any request, too: all of it is, and read back.
    const audit = {
      policy: { apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "RequestResponse" }] } as never,
      sink: (line: string) => void audited.add(auditProblem(line)),
    };
    server = await createApiServer({ clock, storage, log, audit });
    transport = server.transport();
    const api = apiOf(transport);
    await api.make(collections.definitions, definition(group));
    const watch = api.watch(collections.definitions);
    await watch.until(({ object }) => object.status?.conditions?.[1]?.status === "True");
    watch.stop();
    await api.make(collections.configMaps, configMap("kept", { k: "v" }));
    await api.make(collections.deployments, deployment("kept"));
    await api.make(collections.widgets, widget(group, "kept", { size: 1 }));
    await api.make(collections.services, { metadata: { name: "kept" }, spec: { ports: [{ port: 80 }] } } as never);
  });
  afterAll(() => server.stop());

  it(
    `is refused with a Status, changes nothing and leaves nothing behind: ${count} of them, seed ${seed}`,
    async () => {
      const problems = new Map<string, string>();
      const settleAt = Math.min(count, Math.max(1000, Math.floor(count / 5)));
      let settledHeap = 0;
      for (let index = 0; index < count && problems.size < 20; index++) {
        const { what, request } = malformed(index);
        const revision = storage.revision();
        const problem = await refusal(request);
        const changed = storage.revision() === revision ? undefined : "something was written";
        // One of each sort tells enough.
        if (problem || changed) problems.set(what, `#${index} ${what}: ${problem ?? changed}\n${shown(request)}`);
        if (index + 1 === settleAt) settledHeap = heapUsed();
      }
      expect([...problems.values()].join("\n\n")).toBe("");
      expect(logged).toEqual([]);
      expect([...audited], "each line of the audit log is an event").toEqual([""]);
      expect(heapUsed() - settledHeap).toBeLessThan(16 << 20);
      const still = await apiOf(transport).get(`${collections.configMaps}/kept`);
      expect([still.status, still.body.data]).toEqual([200, { k: "v" }]);
    },
    60_000 + count * 20,
  );

  function auditProblem(line: string): string {
    try {
      const event = JSON.parse(line) as { kind?: unknown; auditID?: unknown; stage?: unknown };
      const whole = event.kind === "Event" && typeof event.auditID === "string" && typeof event.stage === "string";
      return whole && line.endsWith("}\n") ? "" : `no event: ${line.slice(0, 200)}`;
    } catch (error) {
      return `${String(error)}: ${line.slice(0, 200)}`;
    }
  }

  /** The request of this number: always the same. */
  function malformed(index: number): { readonly what: string; readonly request: MalformedRequest } {
    const random = seededRandom(seed * 1_000_003 + index);
    const malformer = random.pick(random.pick(malformers));
    return { what: malformer.what, request: malformer.make(random) };
  }

  /** Sends a request. @returns what is wrong with the answer */
  async function refusal(request: MalformedRequest): Promise<string | undefined> {
    const giveUp = new AbortController();
    const late = sleep(systemClock, 20_000, giveUp.signal).then(
      () => "late" as const,
      () => "late" as const,
    );
    const response = await Promise.race([transport({ ...request, signal: giveUp.signal }), late]);
    if (response === "late") return "no answer within 20 seconds";
    if (response.status < 400) {
      giveUp.abort();
      return `it was answered ${response.status}`;
    }
    const body = await Promise.race([response.bytes(), late]);
    giveUp.abort();
    if (body === "late") return "no end of the answer within 20 seconds";
    return problemOf(request, response.status, response.headers["content-type"] ?? "", new TextDecoder().decode(body));
  }
});

function problemOf({ method }: MalformedRequest, status: number, type: string, body: string): string | undefined {
  if (method === "HEAD") return body === "" ? undefined : "a HEAD has a body";
  // As upstream: what no resource is served at is no matter of the API, and answered in plain words.
  if ((status === 404 || status === 405) && type.startsWith("text/plain")) return undefined;
  const said = statusIn(body);
  if (said?.kind !== "Status" || said.status !== "Failure") return `${status} without a Status: ${body.slice(0, 300)}`;
  if (said.code !== status) return `answered ${status}, the Status says ${said.code}`;
  if (!said.message) return "a Status without a message";
  if (status < 500 || upstreamsOwn500.some((known) => known.test(said.message!))) return undefined;
  return `${status}: ${said.message}`;
}

function statusIn(body: string): { kind?: string; status?: string; code?: number; message?: string } | undefined {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const shown = ({ method, path, headers, body }: MalformedRequest): string =>
  `${method} ${path.slice(0, 300)} ${JSON.stringify(headers ?? {})} ${
    typeof body === "string" ? body.slice(0, 600) : body ? Buffer.from(body).toString("hex") : ""
  }`;

/** Heap in use after what is unreachable was collected, in bytes. */
function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
