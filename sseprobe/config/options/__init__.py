"""The options: a struct a group, each field with its help. Command line, config file and Python are made from them."""
