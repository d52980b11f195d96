"""The searches that find candidates, one module each, and their registry."""
