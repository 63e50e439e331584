"""Whether the server stopped, judged from what one witness saw before, during and after an abort. Pure.

`judge.judge` is the entry: an `Observation` (`samples.py`) in, a `Detection` (`answers.py`) out. A direct record of
each request's end is believed as it stands (`records.py`). Counters and gauges (`counters.py`) are believed only where
they moved, and where a healthy stream went on for longer (`reference.py`): a counter that is flat because the answer
was complete anyway shows no stop.
"""
