// What both drivers share: one JSON object a line to whoever drives us; the end of standard input means: abort.
import fs from "node:fs";

const line = (value) => fs.writeSync(1, JSON.stringify(value) + "\n");

/** A part that has come: `of` is its choice, or its call. */
export const say = (part, of, text) => line({ part, of, text });

/** The error the client threw, and the end. */
export function fail(error) {
  line({ error: error?.name ?? "Error", message: String(error?.message ?? error) });
  process.exit(0);
}

/** Calls `abort` when the one who drives us closes our standard input. */
export function onAbort(abort) {
  process.stdin.on("end", () => {
    abort();
    setTimeout(() => process.exit(0), 200);
  });
  process.stdin.resume();
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
process.stdout.on("error", () => process.exit(0));
