import { enableCompileCache } from "node:module";
import { runOperator } from "@homeostat/runtime";
import { bugs, isBug } from "./bugs.ts";
import { webAppOperator } from "./operator.ts";

enableCompileCache();
const names = Object.keys(bugs).join(", ");

/** Runs the operator against the cluster of the kubeconfig, or of the pod it runs in; `--help` tells the flags. */
await runOperator(
  { ...webAppOperator, name: "webapp-operator" },
  {
    flags: { bug: { type: "string", value: "NAME", help: `make one of the classic mistakes: ${names}` } },
    configure({ bug }) {
      if (bug !== undefined && !isBug(String(bug))) throw new Error(`--bug ${bug}: no such bug; there are ${names}`);
      const controllers = webAppOperator.controllers(typeof bug === "string" && isBug(bug) ? { bug } : {});
      return { ...webAppOperator, name: "webapp-operator", controllers };
    },
  },
);
