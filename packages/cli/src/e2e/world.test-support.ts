import type { Json } from "@homeostat/api";
import type { Question, World } from "./expressions/evaluator.ts";

/** A world without a cluster. @param answer to what functions ask */
export function testWorld(answer: (question: Question) => Json = () => null): World {
  return {
    env: { HOME: "/home/me" },
    now: () => Date.UTC(2026, 0, 1),
    randomBytes: (count) => new Uint8Array(count).fill(7),
    lookUp: async (host) => (host === "example.com" ? ["93.184.215.14"] : ["127.0.0.1"]),
    ask: async (_client, question) => answer(question),
  };
}
