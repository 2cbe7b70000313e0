import { z } from "zod";

/**
 * A span of time as Go writes it, `1h30m`. The CRD takes any string, as that of the Go operator does: what does not
 * parse is found by validation, which names the field.
 */
export const goDuration = () => z.string();
