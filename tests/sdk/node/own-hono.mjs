// A chat in Hono, with its streaming helpers: `node own-hono.mjs TEXT` prints its URL. `?do=` tells what the answer does.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { stream, streamSSE, streamText } from "hono/streaming";

import { ProviderError, llm } from "./own-llm.mjs";

console.error = () => {}; // where the helpers tell of what was thrown
const app = new Hono();

// streamSSE swallows what is thrown: the answer just ends.
app.post("/chat", (c) => streamSSE(c, async (events) => {
  for await (const token of llm(c.req.query("do"))) await events.writeSSE({ data: JSON.stringify({ token }) });
  await events.writeSSE({ data: "[DONE]" });
}));

// With a handler of errors it sends `event: error`, and the message as it is.
app.get("/named", (c) => streamSSE(
  c,
  async (events) => {
    let id = 0;
    for await (const text of llm(c.req.query("do"))) {
      await events.writeSSE({ event: "token", id: String(id++), data: JSON.stringify({ text }) });
    }
    await events.writeSSE({ event: "done", data: "{}" });
  },
  async () => {},
));

app.get("/words", (c) => streamSSE(c, async (events) => {
  for await (const token of llm(c.req.query("do"))) await events.writeSSE({ data: token });
}));

app.post("/text", (c) => streamText(c, async (text) => {
  for await (const token of llm(c.req.query("do"))) await text.write(token);
}));

app.post("/lines", (c) => {
  c.header("Content-Type", "application/x-ndjson");
  return stream(c, async (body) => {
    const send = (line) => body.write(JSON.stringify(line) + "\n");
    try {
      for await (const delta of llm(c.req.query("do"))) await send({ delta });
      await send({ done: true });
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      await send({ error: error.message });
    }
  });
});

// A Response of one's own, as on every runtime that speaks fetch.
app.post("/response", (c) => {
  const answer = llm(c.req.query("do"));
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    async pull(controller) {
      try {
        const { value, done } = await answer.next();
        if (done) {
          controller.enqueue(encoder.encode("data: [DONE]\n\n"));
          controller.close();
        } else {
          controller.enqueue(encoder.encode(`data: ${JSON.stringify({ response: value })}\n\n`));
        }
      } catch (error) {
        controller.error(error);
      }
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
});

serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (address) => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}` }));
});
