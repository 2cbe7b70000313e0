import type { Clock } from "@homeostat/api";
import type { Connection } from "./connection.ts";

/**
 * A few keep-alive connections shared by all requests: as many as `size` at once, the most recently used first, so
 * that those not needed grow old and are dropped. Requests beyond that wait their turn.
 */
export interface ConnectionPool {
  /** A free connection, new or used. @throws what opening throws, or the signal's reason */
  acquire(options?: AcquireOptions): Promise<Connection>;
  /** Gives a connection back (or reports that it is gone). To be called once for each `acquire`. */
  release(connection: Connection): void;
  /** Drops idle connections now, and busy ones when they come back: their credentials are out of date. */
  renew(): void;
  /** Drops all, and fails whoever waits. */
  close(): void;
}

export interface AcquireOptions {
  readonly signal?: AbortSignal;
  /** Do not reuse an idle connection: it might be stale. Default false. */
  readonly fresh?: boolean;
}

export interface ConnectionPoolOptions {
  readonly open: (signal?: AbortSignal) => Promise<Connection>;
  readonly clock: Clock;
  /** Default 10. */
  readonly size?: number;
  /** How long an unused connection is kept, in milliseconds. Default 90000, as Go's transport does. */
  readonly idleMs?: number;
}

interface Waiter {
  readonly fresh: boolean;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
  readonly detach: () => void;
}

export function createConnectionPool(options: ConnectionPoolOptions): ConnectionPool {
  const size = options.size ?? 10;
  const idleMs = options.idleMs ?? 90_000;
  const idle: { readonly connection: Connection; readonly cancel: () => void }[] = [];
  const waiting: Waiter[] = [];
  let generation = 0;
  const generations = new WeakMap<Connection, number>();
  // Connections in use or being opened.
  let busy = 0;
  let closed = false;

  const takeIdle = (): Connection | undefined => {
    for (let entry = idle.pop(); entry; entry = idle.pop()) {
      entry.cancel();
      if (entry.connection.usable) {
        entry.connection.ref();
        return entry.connection;
      }
    }
    return undefined;
  };

  const open = async (signal?: AbortSignal): Promise<Connection> => {
    const born = generation;
    const connection = await options.open(signal);
    generations.set(connection, born);
    return connection;
  };

  const serve = (waiter: Waiter): void => {
    waiter.detach();
    busy++;
    const connection = waiter.fresh ? undefined : takeIdle();
    if (connection) {
      waiter.resolve(connection);
      return;
    }
    open(waiter.signal).then(waiter.resolve, (error) => {
      busy--;
      waiter.reject(error);
      next();
    });
  };

  const next = (): void => {
    while (busy < size && waiting.length > 0) serve(waiting.shift()!);
  };

  const dropIdle = (): void => {
    for (const entry of idle.splice(0)) {
      entry.cancel();
      entry.connection.close();
    }
  };

  const keep = (connection: Connection): void => {
    connection.unref();
    const entry = {
      connection,
      cancel: options.clock.setTimer(
        () => {
          idle.splice(idle.indexOf(entry), 1);
          connection.close();
        },
        idleMs,
        { keepAlive: false },
      ),
    };
    idle.push(entry);
  };

  return {
    acquire: ({ signal, fresh = false } = {}) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error("transport was closed"));
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = (): void => {
          waiting.splice(waiting.indexOf(waiter), 1);
          reject(signal?.reason);
        };
        const waiter: Waiter = {
          fresh,
          signal,
          resolve,
          reject,
          detach: () => signal?.removeEventListener("abort", onAbort),
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        waiting.push(waiter);
        next();
      }),
    release(connection) {
      busy--;
      const stale = generations.get(connection) !== generation;
      if (connection.usable && !stale && !closed) keep(connection);
      else connection.close();
      next();
    },
    renew() {
      generation++;
      dropIdle();
    },
    close() {
      closed = true;
      dropIdle();
      for (const waiter of waiting.splice(0)) {
        waiter.detach();
        waiter.reject(new Error("transport was closed"));
      }
    },
  };
}
