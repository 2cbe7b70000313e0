import { expect, test } from "vitest";
import { Tidings } from "./tidings.ts";

function told(tidings: Tidings): string[] {
  const events: string[] = [];
  const note = (type: string) => (reason: string, message: string) => void events.push(`${type} ${reason} ${message}`);
  tidings.tell({ normal: note("Normal"), warning: note("Warning") });
  return events;
}

test("a few deeds are told one by one, in their order", () => {
  const tidings = new Tidings();
  for (const name of ["b", "a", "c"]) tidings.add("Created", `services/default/${name}`, `made ${name}`);
  expect(told(tidings)).toEqual(["Normal Created made b", "Normal Created made a", "Normal Created made c"]);
});

test("many of one kind of deed are told in one event, and others are not drawn into it", () => {
  const tidings = new Tidings();
  tidings.add("Updated", "configmaps/default/a", "changed a");
  for (const name of ["a", "b"]) tidings.add("Created", `deployments.apps/default/${name}`, name);
  tidings.add("Created", "serviceaccounts/default/a", "a");
  for (const name of ["a", "b"]) tidings.add("Created", `services/default/${name}`, name);
  expect(told(tidings)).toEqual([
    "Normal Updated changed a",
    "Normal Created made 5 objects: 2 deployments.apps, 2 services, 1 serviceaccounts",
  ]);
});

test("nothing done is nothing told", () => {
  expect(told(new Tidings())).toEqual([]);
});
