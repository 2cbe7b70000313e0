import { type PodSecurityContext, parseDuration } from "@homeostat/api";
import { podSecurityContext } from "../api/pod-parts.ts";
import { unknownFields } from "./unknown-fields.ts";

/**
 * Reads a value as variables, flags and files hold it: as text, or as what YAML makes of it.
 * @throws Error that says what the value must be
 */
export type Parse<V> = (raw: unknown) => V;

export const text: Parse<string> = (raw) => {
  if (typeof raw !== "string") throw new Error("must be a text");
  return raw.trim();
};

/** As Go reads truth values, which is what existing Deployments were written for. */
export const truth: Parse<boolean> = (raw) => {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(String(raw))) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(String(raw))) return false;
  throw new Error("must be true or false");
};

export const oneOf =
  <V extends string>(...values: readonly V[]): Parse<V> =>
  (raw) => {
    const found = values.find((value) => value === raw);
    if (found === undefined) throw new Error(`must be ${values.join(" or ")}`);
    return found;
  };

export const wholeNumber =
  (max: number): Parse<number> =>
  (raw) => {
    const number = typeof raw === "number" ? raw : /^\d+$/.test(String(raw).trim()) ? Number(raw) : Number.NaN;
    if (!Number.isInteger(number) || number < 1 || number > max) throw new Error(`must be a number from 1 to ${max}`);
    return number;
  };

/** A duration as Go writes it, in milliseconds. */
export const duration: Parse<number> = (raw) => {
  let ms = 0;
  try {
    ms = parseDuration(text(raw));
  } catch {
    throw new Error("must be a duration such as 1h30m or 15s");
  }
  if (ms <= 0) throw new Error("must be longer than nothing, such as 15s");
  return ms;
};

/** Where to listen. */
export const address: Parse<string> = (raw) => {
  const given = String(raw).trim();
  const port = Number(/^(?:\[[\da-fA-F:.]+\]|[\w.-]*):(\d{1,5})$/.exec(given)?.[1]);
  if (given !== "0" && !(port <= 65_535)) throw new Error("must be host:port or :port, or 0 for nowhere");
  return given;
};

/** Names of namespaces, separated by commas, or a list of them. Empty: all. */
export const namespaces: Parse<readonly string[]> = (raw) => {
  const names = (Array.isArray(raw) ? raw.map(String) : text(raw).split(",")).map((name) => name.trim());
  const given = names.filter((name) => name !== "");
  const wrong = given.find((name) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name));
  if (wrong !== undefined) throw new Error(`must be names of namespaces, separated by commas; "${wrong}" is none`);
  return [...new Set(given)];
};

const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const host =
  "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::\\d+)?";
const tagAndDigest =
  "(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?";
const reference = new RegExp(`^(?:${host}/)?${part}(?:/${part})*${tagAndDigest}$`);

/** Source: distribution, reference grammar. */
export const image: Parse<string> = (raw) => {
  if (!reference.test(text(raw))) throw new Error("must name an image, such as docker.io/grafana/tempo:2.10.8");
  return text(raw);
};

/** A pod's security context, as JSON where it is text. A field that there is not is a typing error, and no security. */
export const securityContext: Parse<PodSecurityContext> = (raw) => {
  const given = typeof raw === "string" ? parsedJson(raw) : raw;
  const { data, error } = podSecurityContext().safeParse(given);
  if (error) {
    const [{ path, message } = { path: [], message: "wrong" }] = error.issues;
    throw new Error(`must be a pod's security context; ${path.join(".") || "it"}: ${message}`);
  }
  const [unknown] = unknownFields(given, data);
  if (unknown !== undefined) throw new Error(`must be a pod's security context, which has no field ${unknown}`);
  return data;
};

function parsedJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Error('must be JSON, such as {"fsGroup":10001}');
  }
}
