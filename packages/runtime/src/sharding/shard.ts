import type { Request } from "../controller/reconciler.ts";

/**
 * Which keys this replica works on. Every replica watches everything and enqueues only its own keys; when replicas come
 * and go, keys move, and no key is worked on by two replicas at once.
 */
export interface Shard {
  /** Whether the key is this replica's now. Asked when a request is enqueued, when it is taken, and before each write. */
  owns(key: string, request: Request): boolean;
  /** Called after keys may have come: the controller then enqueues all it owns. @returns how to end that */
  onChange(listener: () => void): () => void;
  /**
   * Called after keys have been lost: resolves when none of them is being worked on. Another replica gets them only
   * then. @returns how to end that
   */
  onRelease?(listener: () => Promise<void>): () => void;
}
