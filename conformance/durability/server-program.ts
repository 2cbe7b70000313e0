import { systemClock } from "@homeostat/api";
import { createApiServer, openDurableStorage } from "@homeostat/apiserver";

/**
 * A server over TLS that keeps its data in a directory: `server-program.ts DIRECTORY MAX_LOG_BYTES`. Says in a line of
 * JSON how it is reached, and serves until it is killed or its standard input ends.
 */
const [directory, maxLogBytes] = process.argv.slice(2);
if (!directory) throw new Error("usage: server-program.ts DIRECTORY MAX_LOG_BYTES");
const storage = await openDurableStorage({ directory, maxLogBytes: Number(maxLogBytes), clock: systemClock });
const server = await createApiServer({ storage });
const serving = await server.listen();
process.stdout.write(`${JSON.stringify({ kubeconfig: serving.kubeconfig() })}\n`);
process.stdin.resume().on("end", () => void server.stop());
