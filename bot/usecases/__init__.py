"""The use cases, grouped. They decide nothing that domain/ can decide, and reach the outside through ports/ only."""
