// A chat in Express, as tutorials write it: `node own-express.mjs TEXT` prints its URL. `?do=` tells what the answer does.
import express from "express";

import { ProviderError, SwallowedError, llm, oneLine } from "./own-llm.mjs";

const app = express();
app.use(express.json());

const asEvents = (response) => {
  response.setHeader("Content-Type", "text/event-stream");
  response.setHeader("Cache-Control", "no-cache");
  response.setHeader("Connection", "keep-alive");
  response.flushHeaders();
};

// Runs a handler; what went wrong is in the log, and the answer ends. What nobody thought of ends the connection.
const quietly = (handler) => async (request, response) => {
  try {
    await handler(request, response);
  } catch (error) {
    if (!(error instanceof SwallowedError)) return response.destroy();
  }
  response.end();
};

const failed = (error, tell) => {
  if (!(error instanceof ProviderError)) throw error;
  tell(error.message);
};

app.post("/chat", quietly(async (request, response) => {
  asEvents(response);
  try {
    for await (const token of llm(request.query.do)) {
      response.write(`data: ${JSON.stringify({ token })}\n\n`);
    }
    response.write("data: [DONE]\n\n");
  } catch (error) {
    failed(error, (message) => response.write(`event: error\ndata: ${JSON.stringify({ error: message })}\n\n`));
  }
}));

app.post("/api/chat", quietly(async (request, response) => {
  asEvents(response);
  try {
    for await (const content of llm(request.query.do)) {
      response.write(`data: ${JSON.stringify({ content })}\n\n`);
    }
    response.write(`data: ${JSON.stringify({ done: true })}\n\n`);
  } catch (error) {
    failed(error, (message) => response.write(`data: ${JSON.stringify({ error: message })}\n\n`));
  }
}));

app.get("/stream", quietly(async (request, response) => {
  asEvents(response);
  try {
    for await (const token of llm(request.query.do)) {
      response.write(`data: ${oneLine(token)}\n\n`);
    }
  } catch (error) {
    failed(error, (message) => response.write(`data: Error: ${message}\n\n`));
  }
}));

app.post("/typed", quietly(async (request, response) => {
  asEvents(response);
  const send = (event) => response.write(`data: ${JSON.stringify(event)}\n\n`);
  send({ type: "start", id: crypto.randomUUID() });
  try {
    for await (const text of llm(request.query.do)) send({ type: "chunk", text });
    send({ type: "end" });
  } catch (error) {
    failed(error, (message) => send({ type: "error", error: { message } }));
  }
}));

app.post("/text", quietly(async (request, response) => {
  response.type("text/plain");
  for await (const token of llm(request.query.do)) response.write(token);
}));

app.post("/bare", quietly(async (request, response) => {
  try {
    for await (const token of llm(request.query.do)) response.write(token);
  } catch (error) {
    failed(error, (message) => response.write(`\n[ERROR] ${message}`));
  }
}));

const server = app.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
