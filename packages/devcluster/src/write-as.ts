import type { Interceptor } from "@homeostat/api";

/**
 * Names another field manager in writes of the given ones. Each controller of a manager writes under its own name; the
 * controllers of a cluster are one program, and managed fields should read as on any cluster.
 */
export function writeAs(fieldManager: string, instead: ReadonlySet<string>): Interceptor {
  const parameter = /([?&]fieldManager=)([^&]*)/;
  return (next) => (request) => {
    if (request.method === "GET") return next(request);
    const path = request.path.replace(parameter, (whole, start: string, name: string) =>
      instead.has(decodeURIComponent(name)) ? start + encodeURIComponent(fieldManager) : whole,
    );
    return next({ ...request, path });
  };
}
