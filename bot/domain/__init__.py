"""Rules only: standard library, no input or output, no clock of its own."""
