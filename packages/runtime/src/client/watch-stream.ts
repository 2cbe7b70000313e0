import { type EventType, type LocatedEvent, locateEvent, locateEventFast } from "../cache/event-scanner.ts";

/**
 * Cuts the bytes of a watch into events without parsing them.
 *
 * Events are separated by line ends, which JSON never holds inside a string, so the search for one is native and a
 * chunk is used where it lies; only an event that is cut by the end of a chunk is copied. A server may, and a proxy
 * might, write an event over several lines: then lines are gathered until the brackets are even.
 */
export interface WatchStream {
  /** @throws what the handler throws, and SyntaxError where the bytes are no events */
  push(chunk: Uint8Array): void;
  /** The stream has ended. @throws SyntaxError where it ended within an event */
  end(): void;
}

/** `bytes[start..end)` is the event's object; valid during the call only. */
export type WatchStreamHandler = (type: EventType, bytes: Buffer, start: number, end: number) => void;

export interface WatchStreamOptions {
  /** Longest event in bytes. Default 67108864: the API refuses objects far below it. */
  readonly maxEventBytes?: number;
}

export function createWatchStream(handler: WatchStreamHandler, options: WatchStreamOptions = {}): WatchStream {
  const maxEventBytes = options.maxEventBytes ?? 64 * 1024 * 1024;
  // The start of an event whose end has not arrived.
  let rest: Buffer[] = [];
  let restBytes = 0;
  // Lines of an event that is written over several.
  let lines: Buffer[] = [];
  const balance = createBalance();
  const found: LocatedEvent = { type: "ADDED", start: 0, end: 0 };

  const keep = (bytes: Buffer): void => {
    restBytes += bytes.length;
    if (restBytes > maxEventBytes) throw new SyntaxError(`event of the watch exceeds ${maxEventBytes} bytes`);
    rest.push(Buffer.from(bytes));
  };

  const line = (bytes: Buffer, start: number, end: number): void => {
    if (lines.length === 0 && locateEventFast(bytes, start, end, found)) {
      handler(found.type, bytes, found.start, found.end);
      return;
    }
    unusualLine(bytes, start, end);
  };

  const unusualLine = (bytes: Buffer, start: number, end: number): void => {
    const one = bytes.subarray(start, end);
    if (lines.length === 0 && isBlank(one)) return;
    const even = balance(one);
    if (lines.length === 0 && even) {
      const event = locateEvent(bytes, start, end);
      handler(event.type, bytes, event.start, event.end);
      return;
    }
    lines.push(Buffer.from(one));
    if (!even) return;
    const whole = Buffer.concat(lines.flatMap((part) => [part, lineEnd]));
    lines = [];
    const event = locateEvent(whole, 0, whole.length);
    handler(event.type, whole, event.start, event.end);
  };

  return {
    push(chunk) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      let start = 0;
      if (restBytes > 0) {
        const end = bytes.indexOf(10);
        if (end < 0) return keep(bytes);
        const whole = Buffer.concat([...rest, bytes.subarray(0, end)]);
        rest = [];
        restBytes = 0;
        line(whole, 0, whole.length);
        start = end + 1;
      }
      for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
        line(bytes, start, end);
        start = end + 1;
      }
      if (start < bytes.length) keep(bytes.subarray(start));
    },
    end() {
      const last = Buffer.concat(rest);
      rest = [];
      restBytes = 0;
      // The last event needs no line end, but then only its brackets tell whether it is whole.
      if (last.length > 0) unusualLine(last, 0, last.length);
      if (lines.length > 0) throw new SyntaxError("watch ended within an event");
    },
  };
}

const lineEnd = Buffer.from("\n");

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 32 && byte !== 9 && byte !== 13) return false;
  return true;
}

/** Follows brackets over the lines of one value; answers whether they are even after a line. Strings end in their line. */
function createBalance(): (line: Buffer) => boolean {
  let depth = 0;
  return (line) => {
    let inString = false;
    for (let i = 0; i < line.length; i++) {
      const byte = line[i]!;
      if (inString) {
        if (byte === 92) i++;
        else if (byte === 34) inString = false;
      } else if (byte === 34) inString = true;
      else if (byte === 123 || byte === 91) depth++;
      else if (byte === 125 || byte === 93) depth--;
    }
    // An event cut off by the end of the stream, or no JSON at all: scanned as it is, to fail with its position.
    if (depth < 0) depth = 0;
    return depth === 0 && !inString;
  };
}
