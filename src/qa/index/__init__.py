"""Documents become a snapshot: passages, vectors, words, published in one step."""
