import { createApiServer } from "@homeostat/apiserver";
import { serveLines } from "./lines.ts";

/** A bare API server over HTTPS. */
const server = await createApiServer();
const serving = await server.listen();
serveLines({ url: serving.url, kubeconfig: serving.kubeconfig() }, { stop: () => server.stop() });
