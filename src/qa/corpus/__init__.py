"""Sources become documents: bytes to text, text to turns, documents to readable files."""
