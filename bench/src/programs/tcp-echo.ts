import { type AddressInfo, createServer, type Socket } from "node:net";
import { serveLines } from "./lines.ts";

/**
 * Sends what a socket sends back to it, or with the argument `broadcast` to every socket that is connected. Asked
 * anything, it tells how many those are.
 */
const everyone = process.argv[2] === "broadcast";
const sockets = new Set<Socket>();
const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.on("data", (chunk) => {
    for (const target of everyone ? sockets : [socket]) target.write(chunk);
  });
  socket.on("error", () => {});
  socket.on("close", () => sockets.delete(socket));
});
server.listen(0, "127.0.0.1", () => {
  serveLines({ port: String((server.address() as AddressInfo).port) }, { answer: () => sockets.size });
});
