"""A question becomes an answer: candidates, relevance, quotes, citations."""
