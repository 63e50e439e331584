"""What rules of several families share: the order of events, parts that begin and end, vendors' items."""
