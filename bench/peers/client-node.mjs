import { CoreV1Api, KubeConfig, makeInformer } from "@kubernetes/client-node";
import { serveLatencies } from "../src/programs/latencies.ts";

/** An informer of @kubernetes/client-node, whose handlers do nothing but note when they were called. */
const latencies = serveLatencies();
const config = new KubeConfig();
config.loadFromFile(process.argv[2]);
const api = config.makeApiClient(CoreV1Api);
const path = "/api/v1/namespaces/default/configmaps";
const informer = makeInformer(config, path, () => api.listNamespacedConfigMap({ namespace: "default" }));
for (const event of ["add", "update"]) informer.on(event, ({ data }) => latencies.note(data?.sentAt));
informer.on("error", () => setTimeout(() => informer.start(), 100));
await informer.start();
latencies.ready(() => informer.stop());
