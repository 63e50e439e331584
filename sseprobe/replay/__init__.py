"""Replays a cassette: answers every request with the recorded stream, with its bytes and its timing.

One request per connection, over HTTP/1.1. `response.py`: what is sent and when; `ending.py`: how a recorded ending is
imitated; `server.py`: accepts clients.
"""
