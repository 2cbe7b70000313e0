import { fieldError, type StatusCause } from "@homeostat/api";
import { flag, integer, struct, text } from "../json-fields.ts";
import type { ValidationByKind } from "./kind-validation.ts";

/** Source: kube-aggregator, apiregistration `ValidateAPIService`. */
export const apiServiceValidations: ValidationByKind = {
  "apiregistration.k8s.io/APIService": {
    object(apiService) {
      const causes: StatusCause[] = [];
      const spec = struct(apiService, "spec");
      const name = text(struct(apiService, "metadata"), "name");
      if (name !== `${text(spec, "version")}.${text(spec, "group")}`) {
        causes.push(fieldError.invalid("metadata.name", name, 'must be `spec.version+"."+spec.group`'));
      }
      if (text(spec, "group") === "" && text(spec, "version") !== "v1") {
        const why = "only v1 may have an empty group and it better be legacy kube";
        causes.push(fieldError.required("spec.group", why));
      }
      causes.push(...within(integer(spec, "groupPriorityMinimum") ?? 0, "spec.groupPriorityMinimum", 20_000));
      causes.push(...within(integer(spec, "versionPriority") ?? 0, "spec.versionPriority", 1000));
      const hasBundle = text(spec, "caBundle") !== "";
      const isInsecure = flag(spec, "insecureSkipTLSVerify");
      const service = struct(spec, "service");
      if (!service) {
        if (hasBundle)
          causes.push(fieldError.invalid("spec.caBundle", "", "local APIServices may not have a caBundle"));
        if (isInsecure) {
          const why = "local APIServices may not have insecureSkipTLSVerify";
          causes.push(fieldError.invalid("spec.insecureSkipTLSVerify", true, why));
        }
        return causes;
      }
      for (const key of ["namespace", "name"]) {
        if (text(service, key) === "") causes.push(fieldError.required(`spec.service.${key}`, ""));
      }
      causes.push(...within(integer(service, "port") ?? 443, "spec.service.port", 65_535));
      if (isInsecure && hasBundle) {
        const why = "may not be true if caBundle is present";
        causes.push(fieldError.invalid("spec.insecureSkipTLSVerify", true, why));
      }
      return causes;
    },
  },
};

function within(value: number, path: string, most: number): StatusCause[] {
  return value > 0 && value <= most
    ? []
    : [fieldError.invalid(path, value, `must be between 1 and ${most}, inclusive`)];
}
