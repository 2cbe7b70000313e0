import type { Clock } from "@homeostat/api";
import type { Output } from "../environment.ts";

export interface LiveScreenOptions {
  readonly output: Output;
  readonly clock: Clock;
  /** The whole screen as it should be now: lines, at most as many and as wide as there is room for. */
  readonly render: (size: { readonly columns: number; readonly rows: number }) => readonly string[];
}

/** Least time between two drawings, in milliseconds. */
const pauseMs = 100;
/** Ages grow by themselves. */
const tickMs = 1_000;

// Source: ECMA-48, and xterm's control sequences for the alternate screen and the cursor.
const enter = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J";
const leave = "\x1b[?25h\x1b[?1049l";
const clear = "\x1b[H\x1b[2J";
const moveTo = (row: number): string => `\x1b[${row + 1};1H`;
const eraseRest = "\x1b[0m\x1b[K";

/**
 * Draws on a terminal, in place: only lines that changed are written, at most ten times a second, on the terminal's
 * second screen, so that what was there before comes back in the end.
 */
export class LiveScreen {
  readonly #options: LiveScreenOptions;
  readonly #endResize: () => void;
  #drawn: readonly string[] = [];
  #drawnAt = Number.NEGATIVE_INFINITY;
  #cancelDraw: (() => void) | undefined;
  #cancelTick: () => void = () => {};
  #closed = false;

  constructor(options: LiveScreenOptions) {
    this.#options = options;
    options.output.write(enter);
    this.#endResize = options.output.onResize(() => {
      options.output.write(clear);
      this.#drawn = [];
      this.changed();
    });
    this.#draw();
    this.#tick();
  }

  /** Says that there is something new to show. */
  changed(): void {
    if (this.#closed || this.#cancelDraw) return;
    const { clock } = this.#options;
    const waitMs = Math.max(0, this.#drawnAt + pauseMs - clock.monotonic());
    // Also with nothing to wait for: what belongs together often comes in one turn.
    this.#cancelDraw = clock.setTimer(() => this.#draw(), waitMs);
  }

  /** Gives the terminal back as it was. Idempotent, and quick enough for the end of a process. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelDraw?.();
    this.#cancelTick();
    this.#endResize();
    this.#options.output.write(leave);
  }

  #tick(): void {
    this.#cancelTick = this.#options.clock.setTimer(
      () => {
        this.changed();
        this.#tick();
      },
      tickMs,
      { keepAlive: false },
    );
  }

  #draw(): void {
    const { output, clock, render } = this.#options;
    this.#cancelDraw = undefined;
    this.#drawnAt = clock.monotonic();
    const size = output.size();
    if (!size) return;
    const lines = render(size);
    const rows = Math.max(lines.length, this.#drawn.length);
    let text = "";
    for (let row = 0; row < rows; row++) {
      const line = lines[row] ?? "";
      if (line !== (this.#drawn[row] ?? "")) text += moveTo(row) + line + eraseRest;
    }
    this.#drawn = lines;
    if (text !== "") output.write(text);
  }
}
