// @ag-ui/client: HttpAgent, with its checks of the order of events.
import { fetchOf } from "./child.mjs";

const PARTS = {
  TEXT_MESSAGE_CONTENT: (event) => [["text", event.delta]],
  REASONING_MESSAGE_CONTENT: (event) => [["reasoning", event.delta]],
  TOOL_CALL_START: (event) => [["name", event.toolCallName]],
  TOOL_CALL_ARGS: (event) => [["arguments", event.delta]],
};

export async function read(load, stream, say) {
  const { HttpAgent } = await load("@ag-ui/client");
  const agent = new HttpAgent({ url: "http://reader.invalid/run", fetch: fetchOf(stream), threadId: "reader" });
  agent.messages = [{ id: "1", role: "user", content: "x" }];
  await agent.runAgent(
    { runId: "reader" },
    {
      onEvent: ({ event }) => {
        const parts = PARTS[event.type]?.(event) ?? [];
        if (parts.some(([, text]) => text)) say(parts);
      },
    },
  );
}
