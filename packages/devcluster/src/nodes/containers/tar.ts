/** A file of an archive; folders are implied by the names. */
export interface TarFile {
  /** Without a slash at the start. */
  readonly name: string;
  readonly content: Uint8Array;
}

const block = 512;

/** Pieces of an archive in the format ustar. @throws Error when a name is longer than the format allows */
export function* packTar(files: readonly TarFile[]): Generator<Uint8Array> {
  for (const { name, content } of files) {
    yield headerOf(name, content.length);
    yield content;
    yield Buffer.alloc((block - (content.length % block)) % block);
  }
  yield Buffer.alloc(2 * block);
}

function headerOf(path: string, size: number): Buffer {
  const header = Buffer.alloc(block);
  const cut = Buffer.byteLength(path) > 100 ? path.lastIndexOf("/", 155) : -1;
  const name = path.slice(cut + 1);
  if (Buffer.byteLength(name) > 100) throw new Error(`tar: ${path}: the name is too long`);
  header.write(name, 0);
  if (cut > 0) header.write(path.slice(0, cut), 345);
  header.write("0000644\x000000000\x000000000\0", 100, "latin1");
  header.write(`${size.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0`, 124, "latin1");
  header.write("        0", 148, "latin1");
  header.write("ustar\u000000", 257, "latin1");
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

/** Files of an archive in the formats ustar and pax; links and the like are left out. */
export function* unpackTar(archive: Buffer): Generator<TarFile> {
  let longName: string | undefined;
  for (let at = 0; at + block <= archive.length; ) {
    const header = archive.subarray(at, at + block);
    if (header[0] === 0) return;
    const size = Number.parseInt(textOf(header, 124, 12), 8) || 0;
    const content = archive.subarray(at + block, at + block + size);
    at += block + Math.ceil(size / block) * block;
    const kind = textOf(header, 156, 1);
    if (kind === "x") longName = /(?:^|\n)\d+ path=(.*)\n/.exec(content.toString())?.[1];
    else {
      const prefix = textOf(header, 345, 155);
      const name = longName ?? (prefix ? `${prefix}/` : "") + textOf(header, 0, 100);
      longName = undefined;
      if (kind === "0" || kind === "") yield { name, content };
    }
  }
}

function textOf(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? length : end).trim();
}
