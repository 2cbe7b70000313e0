import type { z } from "zod";
import { fieldError, fieldPath } from "../field-error.ts";
import type { KubeObject } from "../object.ts";
import { apiVersionOf } from "../resource.ts";
import { badRequest, invalid, type StatusCause } from "../status.ts";
import { zod } from "./on-demand.ts";

/** What checking an object needs to know of its kind. */
export interface CustomResourceParser {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType | undefined;
}

const metadataSchema = ({ z }: typeof import("zod")) =>
  z
    .looseObject({
      name: z.string().optional(),
      generateName: z.string().optional(),
      namespace: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
      annotations: z.record(z.string(), z.string()).optional(),
      finalizers: z.array(z.string()).optional(),
    })
    .optional();

/** Checks `object` and returns it with defaults; throws `ApiError` with code 422, or 400 for another apiVersion. */
export function parseCustomResource(parser: CustomResourceParser, object: unknown): KubeObject {
  const { kind } = parser;
  const { z } = zod();
  const apiVersion = apiVersionOf(parser);
  const given = z.looseObject({ apiVersion: z.string().optional(), kind: z.string().optional() }).safeParse(object);
  if (!given.success) throw badRequest(`${kind} must be an object with apiVersion, kind, metadata and spec`);
  if (given.data.apiVersion !== undefined && given.data.apiVersion !== apiVersion) {
    throw badRequest(`${kind} has apiVersion ${given.data.apiVersion}: expected ${apiVersion}`);
  }
  if (given.data.kind !== undefined && given.data.kind !== kind) {
    throw invalid(parser, nameOf(object), [fieldError.invalid("kind", given.data.kind, `must be ${kind}`)]);
  }
  const schema = z.object({
    metadata: metadataSchema(zod()),
    spec: parser.spec,
    ...(parser.status ? { status: parser.status.optional() } : {}),
  });
  const result = schema.safeParse(object, { reportInput: true });
  if (!result.success)
    throw invalid(
      parser,
      nameOf(object),
      result.error.issues.flatMap((issue) => causesOf(issue, [])),
    );
  return { apiVersion, kind, ...result.data } as KubeObject;
}

function nameOf(object: unknown): string {
  const metadata = (object as KubeObject).metadata;
  return typeof metadata?.name === "string" ? metadata.name : "";
}

type Issue = z.core.$ZodIssue;

function causesOf(issue: Issue, parents: readonly PropertyKey[]): StatusCause[] {
  const path = [...parents, ...issue.path];
  const field = path.reduce<string>((at, key) => fieldPath(at, typeof key === "number" ? key : String(key)), "");
  if (issue.code === "invalid_type" && issue.input === undefined) return [fieldError.required(field)];
  if (issue.code === "invalid_type")
    return [fieldError.typeInvalid(field, issue.input, `must be of type ${issue.expected}`)];
  if (issue.code === "invalid_value") {
    return [
      issue.input === undefined
        ? fieldError.required(field)
        : fieldError.notSupported(field, issue.input, issue.values),
    ];
  }
  // A union says nothing of use by itself; the alternatives' findings do, when there is one that got far enough.
  if (issue.code === "invalid_union" && issue.errors.length === 1)
    return issue.errors[0]!.flatMap((inner) => causesOf(inner, path));
  return [
    issue.input === undefined ? fieldError.required(field) : fieldError.invalid(field, issue.input, issue.message),
  ];
}
