"""Small apps with events of their own, as tutorials on streaming an LLM's answer write them, and what is right of each.

`fastapi_app`, `flask_app` here, Express and Hono in tests/sdk/node; `truth` is the table, `raw` a client without any
knowledge of LLMs that proves that the apps do what the table says.
"""
