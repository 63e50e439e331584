"""What was seen of a stream: decoded, with its ending, its transcript and its figures. Pure: no I/O, no clock."""
