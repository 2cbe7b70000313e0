import type { Transport } from "@homeostat/api";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/";
const withoutWebhook = { spec: { conversion: { strategy: "None", webhook: null } } };

interface Answered {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly finalizers?: readonly string[] };
}

/**
 * Remembers what tests make outside of namespaces, and namespaces themselves, so that a cluster of somebody's is left as
 * it was found. What is in a namespace goes with it, once its finalizers do: those are remembered everywhere.
 */
export function cleaning(): { watch(transport: Transport): Transport; remove(transport: Transport): Promise<void> } {
  const made = new Set<string>();
  const held = new Set<string>();
  return {
    watch: (transport) => async (request) => {
      const response = await transport(request);
      const { method, path } = request;
      const [plain = "", query = ""] = path.split("?");
      if (method === "GET" || response.status > 201 || query.includes("dryRun")) return response;
      const bytes = await response.bytes();
      const { kind = "", metadata } = read(bytes);
      // Reviews are answered with 201, and are nowhere afterwards.
      if (metadata?.name && !kind.endsWith("Review")) {
        const object = method === "POST" ? `${plain}/${metadata.name}` : plain;
        if (metadata.finalizers?.length) held.add(object);
        if (response.status === 201 && !isInNamespace(plain)) made.add(object);
      }
      return { ...response, bytes: async () => bytes };
    },
    async remove(transport) {
      const send = sender(transport);
      // Objects that only a webhook can convert could not be read any more, so they would stay, and all with them.
      for (const path of made) if (path.startsWith(definitions)) await send("PATCH", path, withoutWebhook);
      // The last first: an object of a kind goes before the kind's definition.
      for (const path of [...made].reverse()) await send("DELETE", path, { propagationPolicy: "Background" });
      // Namespaces hold themselves until they are empty.
      for (const path of held) await send("PATCH", path, { metadata: { finalizers: null } });
    },
  };
}

const isInNamespace = (path: string): boolean => /\/namespaces\/[^/]+\/./.test(path);

function read(bytes: Uint8Array): Answered {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Answered;
  } catch {
    // Answers in other formats are to objects that tests do not keep.
    return {};
  }
}

function sender(transport: Transport): (method: string, path: string, body: object) => Promise<void> {
  return async (method, path, body) => {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const response = await transport({ method, path, headers: { "content-type": type }, body: JSON.stringify(body) });
    // What is gone already is as well.
    await response.bytes();
  };
}
