import { groupResource } from "@homeostat/api";
import type { ControllerDefinition } from "./definition.ts";
import { enqueueRequestForObject, ownerKindOf } from "./event-handler.ts";

/**
 * What types cannot rule out in a definition that was put together by hand.
 *
 * @throws naming the controller and what to change: nothing is watched, two watches ask for the objects themselves, or
 * owners are asked for that are not of the controller's kind
 */
// biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
export function checkDefinition(definition: ControllerDefinition<any>): void {
  const { name, for: own, watches, sources = [] } = definition;
  const fail = (problem: string): never => {
    throw new Error(`controller "${name}" ${problem}`);
  };
  if (name === "") throw new Error("a controller has no name: it is a label of its metrics, so give it one");
  if (watches.length + sources.length === 0)
    fail("watches nothing: it would never reconcile; give it a watch or a source");
  const themselves = watches.filter(({ handler }) => handler === enqueueRequestForObject);
  for (const { resource } of themselves) {
    if (own && groupResource(resource) !== groupResource(own))
      fail(`reconciles ${groupResource(own)}, so ${groupResource(resource)} cannot be its requests: map them to some`);
  }
  if (own && themselves.length > 1)
    fail(`watches ${groupResource(own)} twice as its own kind: leave one, and narrow it by namespace or selector`);
  for (const { resource, handler } of watches) {
    const owner = ownerKindOf(handler);
    if (owner && !own)
      fail(`owns ${groupResource(resource)} without a kind of its own: map them to its requests instead`);
    if (owner && own && groupResource(owner) !== groupResource(own))
      fail(`asks for owners of kind ${owner.kind}, and reconciles ${own.kind}: name its own kind as owner`);
  }
}
