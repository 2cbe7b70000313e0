import type { Images } from "../../settings/images.ts";
import type { StackInput } from "../input.ts";

/** The stack's own images where it names some, else the operator's. An empty name is none. */
export function imagesOf({ spec, settings }: Pick<StackInput, "spec" | "settings">): Images {
  const own = Object.entries(spec.images ?? {}).filter(([, image]) => image);
  return { ...settings.images, ...Object.fromEntries(own) };
}
