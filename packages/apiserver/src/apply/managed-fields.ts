import type { Json, JsonObject, ManagedFieldsEntry } from "@homeostat/api";
import { isObject, jsonEqual } from "../patch/json-value.ts";
import { equalSets, type FieldSet, isEmpty } from "./field-set.ts";
import { formatFieldsV1, parseFieldsV1 } from "./fields-v1.ts";
import { TypedError } from "./typed-error.ts";

/** What one manager owns through one way of writing. */
export interface FieldOwner {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, of the last write that changed what it owns. */
  readonly time?: string;
  readonly fields: FieldSet;
}

/** Owners by {@link ownerKey}. */
export type Owners = ReadonlyMap<string, FieldOwner>;

/**
 * What makes two writes one entry. An applier keeps its entry when it goes to another apiVersion: what it applies
 * replaces what it applied. Source: managedfields `BuildManagerIdentifier`.
 */
export function ownerKey(owner: Omit<FieldOwner, "fields" | "time">): string {
  const { manager, operation, apiVersion, subresource } = owner;
  return JSON.stringify([manager, operation, operation === "Apply" ? "" : apiVersion, subresource]);
}

/** @throws TypedError when an entry is not one */
export function decodeManagedFields(entries: Json | undefined): Map<string, FieldOwner> {
  const owners = new Map<string, FieldOwner>();
  if (entries === undefined || entries === null) return owners;
  if (!Array.isArray(entries)) throw new TypedError("metadata.managedFields must be a list");
  for (const entry of entries) {
    const owner = decodeEntry(entry);
    owners.set(ownerKey(owner), owner);
  }
  return owners;
}

function decodeEntry(json: Json): FieldOwner {
  if (!isObject(json)) throw new TypedError("metadata.managedFields holds an entry that is no object");
  const entry = json as ManagedFieldsEntry;
  if (entry.operation !== "Apply" && entry.operation !== "Update") {
    throw new TypedError(
      `metadata.managedFields: operation must be Apply or Update, got ${JSON.stringify(entry.operation ?? "")}`,
    );
  }
  if (entry.fieldsType !== "FieldsV1") {
    throw new TypedError(
      `metadata.managedFields: fieldsType must be FieldsV1, got ${JSON.stringify(entry.fieldsType ?? "")}`,
    );
  }
  return {
    manager: entry.manager ?? "",
    operation: entry.operation,
    apiVersion: entry.apiVersion ?? "",
    subresource: entry.subresource ?? "",
    ...(entry.time ? { time: entry.time } : {}),
    fields: parseFieldsV1((entry.fieldsV1 ?? {}) as JsonObject),
  };
}

/** The entries, appliers first, then by time and name. Source: managedfields `sortEncodedManagedFields`. */
export function encodeManagedFields(owners: Owners): JsonObject[] {
  return [...owners.values()].sort(compareOwners).map((owner) => ({
    ...(owner.manager ? { manager: owner.manager } : {}),
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time ? { time: owner.time } : {}),
    fieldsType: "FieldsV1",
    fieldsV1: formatFieldsV1(owner.fields),
    ...(owner.subresource ? { subresource: owner.subresource } : {}),
  }));
}

function compareOwners(a: FieldOwner, b: FieldOwner): number {
  return (
    compareText(a.operation, b.operation) ||
    secondsOf(a) - secondsOf(b) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whole seconds since the epoch; 0 where there is no time. */
export function secondsOf({ time }: FieldOwner): number {
  const ms = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

/** Whether two states own the same fields; times do not count. */
export function equalOwners(a: Owners, b: Owners): boolean {
  if (a.size !== b.size) return false;
  for (const [key, owner] of a) {
    const other = b.get(key);
    if (!other || other.apiVersion !== owner.apiVersion || !equalSets(owner.fields, other.fields)) return false;
  }
  return true;
}

/** One empty entry asks for managedFields to be cleared. Source: KEP-555; an empty list asks for nothing. */
export function isReset(entries: Json | undefined): boolean {
  if (!Array.isArray(entries) || entries.length !== 1) return false;
  const [entry] = entries;
  return isObject(entry) && Object.keys(entry).length === 0;
}

/** Drops owners of nothing. */
export function dropEmpty(owners: Map<string, FieldOwner>): Map<string, FieldOwner> {
  for (const [key, owner] of owners) if (isEmpty(owner.fields)) owners.delete(key);
  return owners;
}

/** The object with these managed fields, or without any; the rest is shared with the argument. */
export function withManagedFields(object: JsonObject, entries: readonly JsonObject[]): JsonObject {
  const { managedFields: _, ...rest } = isObject(object["metadata"]) ? object["metadata"] : {};
  const metadata: JsonObject = entries.length > 0 ? { ...rest, managedFields: [...entries] } : rest;
  return { ...object, metadata };
}

export function managedFieldsOf(object: JsonObject | undefined): Json | undefined {
  const metadata = object?.["metadata"];
  return isObject(metadata) ? metadata["managedFields"] : undefined;
}

/**
 * Whether two states of an object differ in nothing but the times in their managed fields, which alone are no reason
 * to write (B146). For comparing what a write leads to, after defaulting and admission, with what is stored.
 */
export function differsOnlyInTimes(a: JsonObject, b: JsonObject): boolean {
  return jsonEqual(withoutTimes(a), withoutTimes(b));
}

function withoutTimes(object: JsonObject): JsonObject {
  const entries = managedFieldsOf(object);
  if (!Array.isArray(entries)) return object;
  const bare = entries.filter(isObject).map(({ time: _, ...entry }) => entry);
  // Entries are sorted by time among others: without times they need another order.
  bare.sort((x, y) => compareText(sortKey(x), sortKey(y)));
  return withManagedFields(object, bare);
}

const sortKey = (entry: JsonObject): string =>
  JSON.stringify([entry["operation"], entry["manager"], entry["apiVersion"], entry["subresource"]]);
