/**
 * Adds an annotation to the entry of a request in the audit log. A key keeps its first value.
 * @param from the level from which on it is shown; default Metadata
 */
export type Annotate = (key: string, value: string, from?: "Metadata" | "Request") => void;
