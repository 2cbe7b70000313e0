/**
 * What came of looking an object up. Pure code is given this instead of a client: who calls it has looked, and an
 * error is the API's own text.
 */
export type Lookup<T> = { readonly found: T } | { readonly error: string };
