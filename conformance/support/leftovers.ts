import type { Transport } from "@homeostat/api";

/**
 * Remembers what tests make outside of namespaces, and namespaces themselves, so that a cluster of somebody's is left as
 * it was found. What is in a namespace goes with it.
 */
export function cleaning(): { watch(transport: Transport): Transport; remove(transport: Transport): Promise<void> } {
  const made = new Set<string>();
  return {
    watch: (transport) => async (request) => {
      const response = await transport(request);
      const { method, path } = request;
      const [plain = "", query = ""] = path.split("?");
      if (response.status !== 201 || query.includes("dryRun") || isInNamespace(plain)) return response;
      const bytes = await response.bytes();
      const name = nameOf(bytes);
      if (method === "POST" && name) made.add(`${plain}/${name}`);
      if (method === "PUT" || method === "PATCH") made.add(plain);
      return { ...response, bytes: async () => bytes };
    },
    async remove(transport) {
      // The last first: an object of a kind goes before the kind's definition.
      for (const path of [...made].reverse()) await removeObject(transport, path);
      made.clear();
    },
  };
}

const isInNamespace = (path: string): boolean => /\/namespaces\/[^/]+\/./.test(path);

function nameOf(bytes: Uint8Array): string | undefined {
  try {
    const { kind, metadata } = JSON.parse(new TextDecoder().decode(bytes)) as {
      kind?: string;
      metadata?: { name?: string };
    };
    // Reviews are answered with 201, and are nowhere afterwards.
    return kind?.endsWith("Review") ? undefined : metadata?.name;
  } catch {
    // Answers in other formats are to objects that tests do not keep.
    return undefined;
  }
}

async function removeObject(transport: Transport, path: string): Promise<void> {
  const send = async (method: string, type: string, body: object): Promise<void> => {
    const response = await transport({
      method,
      path,
      headers: { "content-type": type },
      body: JSON.stringify(body),
    });
    await response.bytes();
  };
  // Tests of finalizers leave some behind.
  if (!path.startsWith("/api/v1/namespaces/")) {
    await send("PATCH", "application/merge-patch+json", { metadata: { finalizers: null } });
  }
  await send("DELETE", "application/json", { propagationPolicy: "Background" });
}
