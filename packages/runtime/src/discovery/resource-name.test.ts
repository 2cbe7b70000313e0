import { expect, it } from "vitest";
import { parseResourceName } from "./resource-name.ts";

it.each([
  ["deploy", { name: "deploy", group: undefined, version: undefined }],
  ["Deployment", { name: "deployment", group: undefined, version: undefined }],
  ["deployments.apps", { name: "deployments", group: "apps", version: undefined }],
  ["deployments.v1.apps", { name: "deployments", group: "apps", version: "v1" }],
  ["widgets.v1beta2.my.example.com", { name: "widgets", group: "my.example.com", version: "v1beta2" }],
  ["widgets.v1x.example.com", { name: "widgets", group: "v1x.example.com", version: undefined }],
  ["pods.v1", { name: "pods", group: "", version: "v1" }],
  ["pods.v1.", { name: "pods", group: "", version: "v1" }],
  ["pods.", { name: "pods", group: "", version: undefined }],
])("reads %s as kubectl does", (text, wanted) => {
  expect(parseResourceName(text)).toEqual(wanted);
});
