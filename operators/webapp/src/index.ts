export { WebApp } from "./api.ts";
export { type Bug, bugs, isBug } from "./bugs.ts";
export { webAppController } from "./controller.ts";
export { type WebAppOperatorOptions, webAppOperator } from "./operator.ts";
