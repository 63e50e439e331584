// The process of one reader under node, with the same lines as child.py: a body on standard input, JSON on the output.
import fs from "node:fs";

const out = (value) => {
  const line = Buffer.from(JSON.stringify(value) + "\n");
  for (let at = 0; at < line.length; ) at += fs.writeSync(1, line, at);
};
const described = (error) => [String(error?.name ?? "Error"), String(error?.message ?? error).slice(0, 2000)];

let networkTried = false;

function refuse() {
  networkTried = true;
  throw new Error("a reader may not use the network");
}

/** A fetch that answers the first request with this body, in these chunks, and reaches no network. */
export function fetchOf(stream) {
  let answered = false;
  return async () => {
    if (answered) refuse();
    answered = true;
    return new Response(bodyOf(stream), { status: 200, headers: { "Content-Type": stream.contentType } });
  };
}

/** The chunks as a stream, each in a turn of its own, as they come from a socket. */
export function bodyOf(stream) {
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise(setImmediate);
      if (next === stream.chunks.length) controller.close();
      else controller.enqueue(new Uint8Array(stream.chunks[next++]));
    },
  });
}

function decoded(data) {
  const end = data.indexOf(10);
  const about = JSON.parse(data.subarray(0, end));
  let start = end + 1;
  const chunks = about.sizes.filter((size) => size).map((size) => data.subarray(start, (start += size)));
  return { chunks, contentType: about.content_type };
}

/** Reads the stream on standard input: `read(load, stream, say)`; `load` imports a package of the user's. */
export async function main(read, load, canary) {
  const parent = process.ppid; // when that is gone, however it went, so are we
  setInterval(() => process.ppid === parent || process.exit(1), 1000).unref();
  const stream = decoded(fs.readFileSync(0));
  // What a client prints is not for us, and it uses no network.
  for (const name of ["log", "info", "warn", "error", "debug"]) console[name] = () => {};
  globalThis.fetch = async () => refuse();
  let reading = false;
  const fail = (error) => {
    if (networkTried) out({ unfit: "it tried to use the network" });
    else out(reading ? { error: described(error) } : { unfit: described(error).join(": ") });
    if (reading) out({ end: true });
    process.exit(0);
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  try {
    let found = 0;
    const half = canary.length >> 1; // in two chunks, so that it must wait for the second
    const chunks = [Buffer.from(canary.slice(0, half)), Buffer.from(canary.slice(half))];
    await read(load, { ...stream, chunks, contentType: "text/event-stream" }, () => found++);
    if (!found) throw new Error("it delivered nothing of a test stream");
    out({ ready: true });
    reading = true;
    await read(load, stream, (item) => out({ item }));
    out({ end: true });
    process.exit(0);
  } catch (error) {
    fail(error);
  }
}
