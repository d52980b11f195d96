"""Language, sentences, paragraphs, dates and tokens; no files, no network."""
