"""Streams of an app's own: no vendor says how they are read, so that it is given, or learned from the events.

`convention.py`: what can be given. `words.py`: the names that apps use. `marks.py`: end marks. `errors.py`: failures.
`fields.py`: which field holds the text. `learner.py`: puts these together for one stream.
"""
