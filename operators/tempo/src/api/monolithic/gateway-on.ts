/** Whether a TempoMonolithic runs the gateway: it does where tenants are kept apart and at least one is known. */
export function isGatewayOn(spec: {
  readonly multitenancy?:
    | { readonly enabled?: boolean | undefined; readonly authentication?: readonly unknown[] | undefined }
    | undefined;
}): boolean {
  const { multitenancy } = spec;
  return multitenancy?.enabled === true && (multitenancy.authentication?.length ?? 0) > 0;
}
