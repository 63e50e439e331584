// eventsource-parser: EventSourceParserStream behind a TextDecoderStream, as its readme has it.
import { bodyOf } from "./child.mjs";

export async function read(load, stream, say) {
  const { EventSourceParserStream } = await load("eventsource-parser/stream");
  const events = bodyOf(stream).pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const event of events) say([event.event || "message", event.data, event.id ?? null]);
}
