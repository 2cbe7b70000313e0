import { createDevCluster } from "@homeostat/devcluster";
import { serveLines } from "./lines.ts";

/** A whole cluster over HTTPS, with its controllers. */
const cluster = await createDevCluster();
const serving = await cluster.listen();
serveLines({ url: serving.url, kubeconfig: serving.kubeconfig() }, { stop: () => cluster.stop() });
