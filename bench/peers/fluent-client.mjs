import { K8s, kind } from "kubernetes-fluent-client";
import { serveLatencies } from "../src/programs/latencies.ts";

/** A watch of kubernetes-fluent-client, which finds its cluster by the environment. */
const latencies = serveLatencies();
const watch = K8s(kind.ConfigMap)
  .InNamespace("default")
  .Watch(({ data }) => latencies.note(data?.sentAt));
await watch.start();
latencies.ready(() => watch.close());
