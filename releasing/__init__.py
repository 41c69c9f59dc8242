"""What `make release` does. It is not part of the program."""
