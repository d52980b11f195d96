"""The retrievers that supply candidates, and their registry."""
