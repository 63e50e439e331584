"""The command line: arguments in, exit codes out. One file for each command, no logic."""
