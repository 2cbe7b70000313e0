import { dns1123Label, fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { integer, isUnset, strings, struct, structs, text } from "../json-fields.ts";
import { at, notNegative, oneOf, portNumber, problems, required, requiredOneOf } from "./checks.ts";
import { portName } from "./names.ts";
import { variableField, variableResource } from "./pod-fields.ts";
import { validateResources } from "./resources.ts";
import { validateContainerSecurity } from "./security-context.ts";
import { validateMounts, volumesByName } from "./volumes.ts";

export const protocols = ["SCTP", "TCP", "UDP"];

const probes = ["livenessProbe", "readinessProbe", "startupProbe"] as const;

/** Checks the containers of a pod, `containers` or `initContainers`. Names must differ within both: `names` collects them. */
export function validateContainers(
  spec: JsonObject | undefined,
  list: "containers" | "initContainers",
  path: string,
  names: Set<string>,
): StatusCause[] {
  const volumes = volumesByName(spec);
  const claims = new Set(structs(spec, "resourceClaims").map((claim) => text(claim, "name")));
  const grace = integer(spec, "terminationGracePeriodSeconds") ?? 30;
  return structs(spec, list).flatMap((container, index) => {
    const where = `${at(path, list)}[${index}]`;
    return [
      ...(list === "initContainers" ? runsOnce(container, where) : []),
      ...containerName(container, where, names),
      ...image(container, where),
      ...oneOf(container, "imagePullPolicy", where, ["Always", "IfNotPresent", "Never"]),
      ...oneOf(container, "terminationMessagePolicy", where, ["File", "FallbackToLogsOnError"]),
      ...ports(container, where),
      ...environment(container, where),
      ...validateMounts(container, where, volumes),
      ...validateResources(struct(container, "resources"), at(where, "resources"), claims),
      ...validateContainerSecurity(struct(container, "securityContext"), at(where, "securityContext")),
      ...probes.flatMap((key) => probe(struct(container, key), at(where, key), key)),
      ...["postStart", "preStop"].flatMap((key) => {
        const handler = struct(struct(container, "lifecycle"), key);
        const path = `${where}.lifecycle.${key}`;
        if (!handler) return [];
        return [...handlerOf(handler, path, ["exec", "httpGet", "tcpSocket", "sleep"]), ...sleep(handler, path, grace)];
      }),
    ];
  });
}

/** Only an init container that goes on beside the others can be asked how it is. Source: KEP-753. */
function runsOnce(container: JsonObject, path: string): StatusCause[] {
  if (text(container, "restartPolicy") === "Always") return [];
  return ["lifecycle", ...probes]
    .filter((key) => struct(container, key))
    .map((key) =>
      fieldError.forbidden(at(path, key), "may not be set for init containers without restartPolicy=Always"),
    );
}

function sleep(handler: JsonObject, path: string, grace: number): StatusCause[] {
  const seconds = integer(struct(handler, "sleep"), "seconds");
  if (seconds === undefined || (seconds >= 0 && seconds <= grace)) return [];
  const why = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`;
  return [fieldError.invalid(at(path, "sleep"), seconds, why)];
}

function containerName(container: JsonObject, path: string, names: Set<string>): StatusCause[] {
  const name = text(container, "name");
  const where = at(path, "name");
  if (name === "") return [fieldError.required(where)];
  const causes = problems(where, name, dns1123Label(name));
  if (names.has(name)) causes.push(fieldError.duplicate(where, name));
  names.add(name);
  return causes;
}

function image(container: JsonObject, path: string): StatusCause[] {
  const value = text(container, "image");
  const where = at(path, "image");
  if (value === "") return [fieldError.required(where)];
  return value.trim() === value
    ? []
    : [fieldError.invalid(where, value, "must not have leading or trailing whitespace")];
}

function ports(container: JsonObject, path: string): StatusCause[] {
  const names = new Set<string>();
  return structs(container, "ports").flatMap((port, index) => {
    const where = `${at(path, "ports")}[${index}]`;
    const name = text(port, "name");
    const causes = name === "" ? [] : problems(at(where, "name"), name, portName(name));
    if (name !== "" && causes.length === 0 && names.has(name))
      causes.push(fieldError.duplicate(at(where, "name"), name));
    names.add(name);
    if (!integer(port, "containerPort")) causes.push(fieldError.required(at(where, "containerPort")));
    else causes.push(...portNumber(port, "containerPort", where));
    if (integer(port, "hostPort")) causes.push(...portNumber(port, "hostPort", where));
    return [...causes, ...requiredOneOf(port, "protocol", where, protocols)];
  });
}

const sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

function environment(container: JsonObject, path: string): StatusCause[] {
  const causes = structs(container, "env").flatMap((variable, index) => {
    const where = `${at(path, "env")}[${index}]`;
    return [...environmentName(text(variable, "name"), at(where, "name")), ...environmentSource(variable, where)];
  });
  structs(container, "envFrom").forEach((source, index) => {
    const where = `${at(path, "envFrom")}[${index}]`;
    const given = ["configMapRef", "secretRef"].filter((key) => struct(source, key));
    if (given.length === 0)
      causes.push(fieldError.invalid(where, "", "must specify one of: `configMapRef` or `secretRef`"));
    if (given.length > 1)
      causes.push(fieldError.invalid(where, "", "may not have more than one field specified at a time"));
    for (const key of given) causes.push(...required(struct(source, key), "name", at(where, key)));
  });
  return causes;
}

function environmentName(name: string, path: string): StatusCause[] {
  if (name === "") return [fieldError.required(path)];
  // Relaxed in 1.34 to all that a process can be given. Source: KEP-4369.
  if (/^[ -<>-~]+$/.test(name)) return [];
  return [
    fieldError.invalid(
      path,
      name,
      "a valid environment variable name must consist only of printable ASCII characters other than '='",
    ),
  ];
}

function environmentSource(variable: JsonObject, path: string): StatusCause[] {
  const source = struct(variable, "valueFrom");
  if (!source) return [];
  const where = at(path, "valueFrom");
  const given = sources.filter((key) => struct(source, key));
  const causes: StatusCause[] = [];
  if (given.length === 0) {
    causes.push(
      fieldError.invalid(
        where,
        "",
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
      ),
    );
  }
  if (!isUnset(variable, "value"))
    causes.push(fieldError.invalid(where, "", "may not be specified when `value` is not empty"));
  else if (given.length > 1)
    causes.push(fieldError.invalid(where, "", "may not have more than one field specified at a time"));
  const demanded: Record<string, readonly string[]> = {
    fieldRef: ["fieldPath"],
    resourceFieldRef: ["resource"],
    configMapKeyRef: ["name", "key"],
    secretKeyRef: ["name", "key"],
  };
  for (const key of given) {
    for (const field of demanded[key] ?? []) causes.push(...required(struct(source, key), field, at(where, key)));
  }
  return [...causes, ...variableField(source, where), ...variableResource(source, where)];
}

function probe(present: JsonObject | undefined, path: string, kind: (typeof probes)[number]): StatusCause[] {
  if (!present) return [];
  const causes: StatusCause[] = [];
  const successes = integer(present, "successThreshold");
  // One success says that it lives, or has started: more are a matter of being ready.
  if (kind !== "readinessProbe" && successes !== undefined && successes !== 1)
    causes.push(fieldError.invalid(at(path, "successThreshold"), successes, "must be 1"));
  const grace = integer(present, "terminationGracePeriodSeconds");
  const where = at(path, "terminationGracePeriodSeconds");
  if (grace !== undefined && kind === "readinessProbe")
    causes.push(fieldError.invalid(where, grace, "must not be set for readinessProbes"));
  else if (grace !== undefined && grace <= 0) causes.push(fieldError.invalid(where, grace, "must be greater than 0"));
  return [
    ...handlerOf(present, path, ["exec", "httpGet", "tcpSocket", "grpc"]),
    ...causes,
    ...notNegative(
      present,
      path,
      "initialDelaySeconds",
      "timeoutSeconds",
      "periodSeconds",
      "successThreshold",
      "failureThreshold",
    ),
  ];
}

function handlerOf(handler: JsonObject, path: string, kinds: readonly string[]): StatusCause[] {
  const given = kinds.filter((kind) => struct(handler, kind));
  const causes: StatusCause[] = [];
  if (given.length === 0) causes.push(fieldError.required(path, "must specify a handler type"));
  for (const extra of given.slice(1))
    causes.push(fieldError.forbidden(at(path, extra), "may not specify more than 1 handler type"));
  const exec = struct(handler, "exec");
  if (exec && strings(exec, "command").length === 0) causes.push(fieldError.required(`${path}.exec.command`));
  for (const kind of ["httpGet", "tcpSocket", "grpc"]) {
    const action = struct(handler, kind);
    if (!action) continue;
    causes.push(...portNumber(action, "port", at(path, kind)));
    const port = action["port"];
    if (typeof port === "string") causes.push(...problems(`${path}.${kind}.port`, port, portName(port)));
  }
  const httpGet = struct(handler, "httpGet");
  if (!httpGet) return causes;
  structs(httpGet, "httpHeaders").forEach((header, index) => {
    const name = text(header, "name");
    if (!/^[-A-Za-z0-9]+$/.test(name))
      causes.push(fieldError.invalid(`${path}.httpGet.httpHeaders[${index}].name`, name, headerRule));
  });
  return [...causes, ...oneOf(httpGet, "scheme", at(path, "httpGet"), ["HTTP", "HTTPS"])];
}

const headerRule =
  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
