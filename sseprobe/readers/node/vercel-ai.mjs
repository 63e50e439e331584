// ai: DefaultChatTransport, then readUIMessageStream, as useChat has them.
import { fetchOf } from "./child.mjs";

export async function read(load, stream, say) {
  const { DefaultChatTransport, readUIMessageStream } = await load("ai");
  const transport = new DefaultChatTransport({ api: "http://reader.invalid/chat", fetch: fetchOf(stream) });
  const chunks = await transport.sendMessages({
    trigger: "submit-message",
    chatId: "reader",
    messageId: undefined,
    messages: [{ id: "1", role: "user", parts: [{ type: "text", text: "x" }] }],
    abortSignal: undefined,
  });
  const heard = chunks.pipeThrough(
    new TransformStream({
      transform(chunk, out) {
        say(chunk);
        out.enqueue(chunk);
      },
    }),
  );
  for await (const message of readUIMessageStream({ stream: heard, terminateOnError: true, onError: () => {} })) {
    void message;
  }
}
