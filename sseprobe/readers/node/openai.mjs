// openai: the stream of a real client, whose chunks are the payloads as they came.
import { fetchOf } from "./child.mjs";

export async function read(load, stream, say) {
  const { default: OpenAI } = await load("openai");
  const client = new OpenAI({ apiKey: "none", baseURL: "http://reader.invalid", maxRetries: 0, fetch: fetchOf(stream) });
  for await (const chunk of await client.post("/chat", { body: {}, stream: true })) say(chunk);
}
