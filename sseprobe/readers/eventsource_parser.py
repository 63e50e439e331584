"""`eventsource-parser`, under node: on it stand the AI SDK, MCP's client and others. An event's id is its own."""

from sseprobe.readers.base import CANARY, OutputShape, Reader

READER = Reader("eventsource-parser", "eventsource-parser", OutputShape.EVENTS, CANARY, script="eventsource-parser.mjs")
