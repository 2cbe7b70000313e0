import { createMemoryStorage } from "./memory.ts";
import { storageSuite } from "./storage-suite.ts";

storageSuite("memory storage", async (options) => createMemoryStorage(options));
