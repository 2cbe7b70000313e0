import { promisify } from "node:util";
import type { CommandIo } from "./commands.ts";
import { absolute, folder } from "./paths.ts";
import { packTar, type TarFile, unpackTar } from "./tar.ts";

interface Words {
  readonly mode: string;
  /** Where names start, and where files go. */
  readonly inside: string;
  readonly names: readonly string[];
}

/** `[-]c[z]f - [-C FOLDER] PATH…` and `[-]x[z]f - [-C FOLDER]`, which is what `kubectl cp` and its like use. */
export async function tar(args: readonly string[], io: CommandIo): Promise<number> {
  const words = read(args);
  if (words.mode.includes("x")) return extract(words, io);
  if (words.mode.includes("c")) return create(words, io);
  await io.stderr("tar: only c and x are known here, with f -\n");
  return 2;
}

function read(args: readonly string[]): Words {
  const words = args.filter((arg) => !arg.startsWith("--"));
  const at = words.indexOf("-C");
  const [mode = "", ...names] = at < 0 ? words : words.toSpliced(at, 2);
  const inside = at < 0 ? "/" : absolute(words[at + 1] ?? "/");
  return { mode, inside, names: names.filter((name) => name !== "-") };
}

async function extract({ inside }: Words, io: CommandIo): Promise<number> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of io.stdin) chunks.push(chunk);
  const given = Buffer.concat(chunks);
  // Compressed or not: the first two bytes tell, as they do upstream.
  const archive = given[0] === 0x1f && given[1] === 0x8b ? await gunzipped(given) : given;
  for (const { name, content } of unpackTar(archive))
    io.target.files.set(absolute(`${folder(inside)}${name}`), content);
  return 0;
}

async function create({ mode, inside, names }: Words, io: CommandIo): Promise<number> {
  const chosen: TarFile[] = [];
  for (const name of names) {
    const start = folder(name.startsWith("/") ? "/" : inside);
    const path = absolute(`${start}${name}`);
    const found = [...io.target.files].filter(([file]) => file === path || file.startsWith(folder(path)));
    if (found.length === 0) {
      await io.stderr(`tar: ${name}: No such file or directory\n`);
      return 2;
    }
    for (const [file, content] of found) chosen.push({ name: file.slice(start.length), content });
  }
  const pieces = [...packTar(chosen)];
  if (!mode.includes("z")) for (const piece of pieces) await io.stdout(piece);
  else await io.stdout(await gzipped(Buffer.concat(pieces)));
  return 0;
}

async function gzipped(data: Buffer): Promise<Buffer> {
  const { gzip } = await import("node:zlib");
  return promisify(gzip)(data);
}

async function gunzipped(data: Buffer): Promise<Buffer> {
  const { gunzip } = await import("node:zlib");
  return promisify(gunzip)(data);
}
