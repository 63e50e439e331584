// The LLM behind the small apps in Express and Hono: the same answer each time. tests/support/own_apps/fake_llm.py has it in Python.
import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = Number(process.env.OWN_APP_PAUSE_MS ?? "1.5");
const BEFORE_FAILING_MS = 20;
const FAILS_AFTER = 11;
const ENDS_EARLY_AFTER = 24;
const TOKENS = process.argv[2].match(/\n+| ?[^\s]+/g);
const ERROR = "the model is overloaded, please try again later";
const calls = new Map();

export class ProviderError extends Error {}
export class SwallowedError extends Error {}

function behaviourOf(what) {
  const behaviour = what.split(":")[0];
  if (behaviour !== "sometimes") return behaviour;
  const count = (calls.get(what) ?? 0) + 1;
  calls.set(what, count);
  return count % 3 === 0 ? "short" : "whole";
}

export async function* llm(what = "whole") {
  const behaviour = behaviourOf(what);
  const until = { error: FAILS_AFTER, cut: FAILS_AFTER, crash: FAILS_AFTER, short: ENDS_EARLY_AFTER }[behaviour];
  for (const token of TOKENS.slice(0, until)) {
    await sleep(PAUSE_MS);
    yield token;
  }
  if (until !== undefined) await sleep(BEFORE_FAILING_MS);
  if (behaviour === "error") throw new ProviderError(ERROR);
  if (behaviour === "cut" || behaviour === "short") throw new SwallowedError("it is in the log");
  if (behaviour === "crash") throw new Error("nobody thought of this");
}

export const oneLine = (text) => text.replace(/\n+/g, " ");
