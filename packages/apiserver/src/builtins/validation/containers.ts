import { dns1123Label, fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { integer, isUnset, strings, struct, structs, text } from "../json-fields.ts";
import { quantityValue } from "../quantity-value.ts";
import { at, atKey, notNegative, oneOf, portNumber, problems, required, requiredOneOf } from "./checks.ts";
import { portName } from "./names.ts";

export const protocols = ["SCTP", "TCP", "UDP"];

/** Checks a list of containers. Names must differ within all lists of a pod: `names` collects them. */
export function validateContainers(
  containers: readonly JsonObject[],
  path: string,
  volumes: ReadonlySet<string>,
  names: Set<string>,
): StatusCause[] {
  return containers.flatMap((container, index) => {
    const where = `${path}[${index}]`;
    return [
      ...containerName(container, where, names),
      ...image(container, where),
      ...oneOf(container, "imagePullPolicy", where, ["Always", "IfNotPresent", "Never"]),
      ...oneOf(container, "terminationMessagePolicy", where, ["File", "FallbackToLogsOnError"]),
      ...ports(container, where),
      ...environment(container, where),
      ...volumeMounts(container, where, volumes),
      ...validateResources(struct(container, "resources"), at(where, "resources")),
      ...["livenessProbe", "readinessProbe", "startupProbe"].flatMap((key) =>
        probe(struct(container, key), at(where, key)),
      ),
      ...["postStart", "preStop"].flatMap((key) => {
        const handler = struct(struct(container, "lifecycle"), key);
        return handler
          ? handlerOf(handler, `${where}.lifecycle.${key}`, ["exec", "httpGet", "tcpSocket", "sleep"])
          : [];
      }),
    ];
  });
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
  return causes;
}

function volumeMounts(container: JsonObject, path: string, volumes: ReadonlySet<string>): StatusCause[] {
  const paths = new Set<string>();
  return structs(container, "volumeMounts").flatMap((mount, index) => {
    const where = `${at(path, "volumeMounts")}[${index}]`;
    const name = text(mount, "name");
    const mountPath = text(mount, "mountPath");
    const causes = required(mount, "name", where);
    if (name !== "" && !volumes.has(name)) causes.push(fieldError.notFound(at(where, "name"), name));
    if (mountPath === "") causes.push(fieldError.required(at(where, "mountPath")));
    else if (paths.has(mountPath)) causes.push(fieldError.invalid(at(where, "mountPath"), mountPath, "must be unique"));
    paths.add(mountPath);
    if (!isUnset(mount, "subPath") && !isUnset(mount, "subPathExpr")) {
      causes.push(
        fieldError.invalid(
          at(where, "subPathExpr"),
          text(mount, "subPathExpr"),
          "subPathExpr and subPath are mutually exclusive",
        ),
      );
    }
    return causes;
  });
}

/** Requests and limits: no negative ones, and no more requested than allowed. */
export function validateResources(resources: JsonObject | undefined, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const limits = struct(resources, "limits") ?? {};
  for (const list of ["limits", "requests"]) {
    for (const [name, quantity] of Object.entries(struct(resources, list) ?? {})) {
      const where = atKey(at(path, list), name);
      const value = quantityValue(quantity);
      if (value !== undefined && value < 0)
        causes.push(fieldError.invalid(where, quantity, "must be greater than or equal to 0"));
      const limit = quantityValue(limits[name]);
      if (list === "requests" && value !== undefined && limit !== undefined && value > limit) {
        causes.push(
          fieldError.invalid(
            at(path, "requests"),
            quantity,
            `must be less than or equal to ${name} limit of ${String(limits[name])}`,
          ),
        );
      }
    }
  }
  return causes;
}

function probe(present: JsonObject | undefined, path: string): StatusCause[] {
  if (!present) return [];
  return [
    ...handlerOf(present, path, ["exec", "httpGet", "tcpSocket", "grpc"]),
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
  return httpGet ? [...causes, ...oneOf(httpGet, "scheme", at(path, "httpGet"), ["HTTP", "HTTPS"])] : causes;
}
