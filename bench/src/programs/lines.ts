/** The child's side of the lines: says that it is ready, then answers questions until its input ends. */
export function serveLines(
  ready: Readonly<Record<string, string>>,
  options: { answer?: (question: unknown) => unknown; stop?: () => Promise<void> | void } = {},
): void {
  const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value ?? null)}\n`);
  say(ready);
  let rest = "";
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", async (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop()!;
    for (const line of lines) say(await options.answer?.(JSON.parse(line)));
  });
  process.stdin.on("end", async () => {
    await options.stop?.();
    process.exit();
  });
}
