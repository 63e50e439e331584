// AG-UI's own agent over HTTP, with its checks of the order of events.
import { HttpAgent } from "@ag-ui/client";
import { fail, onAbort, say } from "./say.mjs";

const [url, knobs] = process.argv.slice(2);
const agent = new HttpAgent({ url: `${url}/ag-ui/run`, headers: knobs ? { "X-Mock": knobs } : {}, threadId: "tests" });
agent.messages = [{ id: "1", role: "user", content: "hi there" }];
onAbort(() => agent.abortRun());

function show(event) {
  if (event.type === "TEXT_MESSAGE_CONTENT") say("text", 0, event.delta);
  else if (event.type === "REASONING_MESSAGE_CONTENT") say("reasoning", 0, event.delta);
  else if (event.type === "TOOL_CALL_START") say("name", event.toolCallId, event.toolCallName);
  else if (event.type === "TOOL_CALL_ARGS") say("arguments", event.toolCallId, event.delta);
  else if (event.type === "RUN_ERROR") fail({ name: "RUN_ERROR", message: event.message });
  else if (event.type === "RUN_FINISHED") {
    for (const usage of event.usage ?? []) say("usage", null, String(usage.outputTokens));
    say("finish", 0, event.outcome?.type ?? "success");
  }
}

try {
  await agent.runAgent({ runId: "run" }, { onEvent: ({ event }) => show(event) });
  process.exit(0);
} catch (error) {
  fail(error);
}
