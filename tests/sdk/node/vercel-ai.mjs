// The AI SDK's own client of UI message streams, as useChat uses it: transport, then message reader.
import { DefaultChatTransport, readUIMessageStream } from "ai";
import { fail, onAbort, say } from "./say.mjs";

const [url, knobs] = process.argv.slice(2);
const controller = new AbortController();
onAbort(() => controller.abort());

const transport = new DefaultChatTransport({
  api: `${url}/vercel-ui/chat`,
  headers: knobs ? { "X-Mock": knobs } : {},
});

function show(chunk) {
  if (chunk.type === "text-delta") say("text", 0, chunk.delta);
  else if (chunk.type === "reasoning-delta") say("reasoning", 0, chunk.delta);
  else if (chunk.type === "tool-input-start") say("name", chunk.toolCallId, chunk.toolName);
  else if (chunk.type === "tool-input-delta") say("arguments", chunk.toolCallId, chunk.inputTextDelta);
  else if (chunk.type === "finish") {
    const usage = chunk.messageMetadata?.totalUsage;
    if (usage) say("usage", null, String(usage.outputTokens));
    say("finish", 0, chunk.finishReason ?? "");
  }
}

try {
  const stream = await transport.sendMessages({
    trigger: "submit-message",
    chatId: "tests",
    messageId: undefined,
    messages: [{ id: "1", role: "user", parts: [{ type: "text", text: "hi there" }] }],
    abortSignal: controller.signal,
  });
  const shown = stream.pipeThrough(
    new TransformStream({
      transform(chunk, out) {
        show(chunk);
        out.enqueue(chunk);
      },
    }),
  );
  for await (const message of readUIMessageStream({ stream: shown, terminateOnError: true, onError: () => {} })) {
    void message;
  }
  process.exit(0);
} catch (error) {
  fail(error);
}
