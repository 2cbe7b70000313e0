import { describe, expect, it } from "vitest";
import { createHttp1Reader, type HttpProtocolError, type ResponseHead } from "./http1-reader.ts";

interface Seen {
  head?: ResponseHead;
  body: string;
  ended: boolean;
}

function readerFor(method = "GET", options = {}) {
  const responses: Seen[] = [];
  const reader = createHttp1Reader(
    {
      head: (head) => responses.push({ head, body: "", ended: false }),
      body: (chunk) => {
        responses.at(-1)!.body += Buffer.from(chunk).toString("utf8");
      },
      end: () => {
        responses.at(-1)!.ended = true;
      },
    },
    options,
  );
  reader.expect(method);
  return { reader, responses };
}

const messages = {
  "a content-length": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello",
  "chunks with extensions and trailers":
    'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nWarning: 299 - "a"\r\nwarning: 299 - "b"\r\n\r\n5;x=1\r\nhello\r\nA\r\n, and more\r\n0\r\nX-Check: 1\r\n\r\n',
  "chunks without trailers": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  "bare line feeds": "HTTP/1.1 200 OK\ncontent-length: 2\n\nok",
  "a 100 before the answer": "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
  "no body": "HTTP/1.1 204 No Content\r\n\r\n",
};

describe("http1 reader", () => {
  for (const [name, message] of Object.entries(messages)) {
    it(`reads ${name} the same however it is cut`, () => {
      const whole = readerFor();
      whole.reader.push(Buffer.from(message));
      expect(whole.responses).toHaveLength(1);
      expect(whole.responses[0]!.ended).toBe(true);
      for (let cut = 1; cut < message.length; cut++) {
        const { reader, responses } = readerFor();
        reader.push(Buffer.from(message.slice(0, cut)));
        reader.push(Buffer.from(message.slice(cut)));
        expect(responses, `cut at ${cut}`).toEqual(whole.responses);
      }
      const bytewise = readerFor();
      for (const byte of Buffer.from(message)) bytewise.reader.push(Buffer.from([byte]));
      expect(bytewise.responses).toEqual(whole.responses);
    });
  }

  it("joins repeated headers and keeps names in lower case", () => {
    const { reader, responses } = readerFor();
    reader.push(Buffer.from(messages["chunks with extensions and trailers"]));
    expect(responses[0]).toMatchObject({
      head: { status: 201, headers: { warning: '299 - "a", 299 - "b"' } },
      body: "hello, and more",
      ended: true,
    });
  });

  it("ends a body of unknown length with the connection, which is then of no further use", () => {
    const { reader, responses } = readerFor();
    reader.push(Buffer.from("HTTP/1.1 200 OK\r\n\r\nabc"));
    expect(responses[0]!.ended).toBe(false);
    reader.close();
    expect(responses[0]).toMatchObject({ head: { reusable: false }, body: "abc", ended: true });
  });

  it("reads no body in the answer to HEAD, whatever its length says", () => {
    const { reader, responses } = readerFor("HEAD");
    reader.push(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"));
    expect(responses[0]!.ended).toBe(true);
    expect(reader.busy).toBe(false);
  });

  it("reads one response after another on one connection", () => {
    const { reader, responses } = readerFor();
    reader.push(Buffer.from(messages["a content-length"]));
    reader.expect("GET");
    reader.push(Buffer.from(messages["chunks without trailers"]));
    expect(responses.map(({ body }) => body)).toEqual(["hello", "abc"]);
  });

  const code = (act: () => void): string => {
    try {
      act();
    } catch (error) {
      return (error as HttpProtocolError).code;
    }
    return "none";
  };

  it("refuses bytes left over after a response", () => {
    const { reader, responses } = readerFor();
    expect(code(() => reader.push(Buffer.from(`${messages["a content-length"]}HTTP/1.1 408 Timeout\r\n\r\n`)))).toBe(
      "UNASKED",
    );
    expect(responses).toHaveLength(1);
  });

  it("refuses headers beyond the limit, in one piece or in many", () => {
    const huge = `HTTP/1.1 200 OK\r\nx: ${"y".repeat(2000)}\r\n\r\n`;
    expect(code(() => readerFor("GET", { maxHeadBytes: 1000 }).reader.push(Buffer.from(huge)))).toBe("HEAD_TOO_LARGE");
    const { reader } = readerFor("GET", { maxHeadBytes: 1000 });
    expect(
      code(() => {
        for (const byte of Buffer.from(huge)) reader.push(Buffer.from([byte]));
      }),
    ).toBe("HEAD_TOO_LARGE");
  });

  it("says that a connection closed in the middle, or before anything came", () => {
    const { reader } = readerFor();
    expect(code(() => reader.close())).toBe("CUT_OFF");
    const second = readerFor();
    second.reader.push(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe"));
    expect(second.reader.started).toBe(true);
    expect(code(() => second.reader.close())).toBe("CUT_OFF");
  });

  for (const [name, bytes] of Object.entries({
    "another protocol": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "two lengths that differ": "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
    "a length that is no number": "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
    "an unknown transfer encoding": "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
    "a chunk size that is no number": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "an empty chunk size": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n",
    "a chunk longer than it says": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc",
    "a switch of protocols": "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "a header without a name": "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
  })) {
    it(`refuses ${name}`, () => {
      expect(code(() => readerFor().reader.push(Buffer.from(bytes)))).toBe("BAD_RESPONSE");
    });
  }

  it("hangs up after a response with two framings", () => {
    const { reader, responses } = readerFor();
    reader.push(
      Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 99\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
    );
    expect(responses[0]).toMatchObject({ body: "a", ended: true, head: { reusable: false } });
  });

  it("keeps an HTTP/1.0 connection only where the server says so", () => {
    const plain = readerFor();
    plain.reader.push(Buffer.from("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"));
    const kept = readerFor();
    kept.reader.push(Buffer.from("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n"));
    expect([plain.responses[0]!.head!.reusable, kept.responses[0]!.head!.reusable]).toEqual([false, true]);
  });
});
