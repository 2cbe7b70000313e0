import type { Environment } from "../environment.ts";
import { LiveScreen } from "../terminal/live-screen.ts";
import type { LiveEvent, LiveModel } from "../view/live-state.ts";
import { createPalette } from "../view/palette.ts";
import { plainLine } from "../view/plain.ts";
import { renderScreen, type ScreenFacts } from "../view/screen.ts";

/** Shows events as they come. */
export interface View {
  show(event: LiveEvent, now: number): void;
  close(): void;
}

/** One line per event. An object gets one only when something in it that is shown has changed. */
export function plainView({ stdout }: Environment): View {
  const shown = new Map<string, string>();
  return {
    show(event, now) {
      if (event.type === "object" || event.type === "objectGone") {
        const { kind, namespace, name } = event.object;
        const key = `${kind} ${namespace}/${name}`;
        const state = JSON.stringify(event);
        if (shown.get(key) === state) return;
        if (event.type === "object") shown.set(key, state);
        else shown.delete(key);
      }
      stdout.write(`${plainLine(event, now)}\n`);
    },
    close() {},
  };
}

/** A screen that is drawn anew when something has changed. */
export function screenView(
  model: LiveModel,
  facts: ScreenFacts,
  { stdout, clock, variables, onExit }: Environment,
): View {
  const palette = createPalette({ colors: !variables["NO_COLOR"] });
  const screen = new LiveScreen({
    output: stdout,
    clock,
    render: (size) => renderScreen(model, facts, size, clock.now(), palette),
  });
  // However the process ends, the terminal is given back.
  onExit(() => screen.close());
  return { show: () => screen.changed(), close: () => screen.close() };
}
