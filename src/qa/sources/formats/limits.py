"""Limits of source files and of the process that parses them.

They are far above any document of a public record (a Hansard day has 0.6 million characters), and
low enough that any file within them is read in seconds and fits into memory.
"""

from __future__ import annotations

__all__ = [
    "ADDRESS_SPACE_BYTES",
    "FILE_BYTES",
    "FRONT_MATTER_CHARS",
    "HTML_BYTES",
    "PAGES",
    "PARTS",
    "READING_S",
    "ROWS",
    "RTF_BYTES",
    "TEXT_CHARS",
    "UNPACKED_BYTES",
]

FILE_BYTES = 100_000_000
HTML_BYTES = 10_000_000
# Read by a parser in Python, a megabyte a second; most of a large one is pictures.
RTF_BYTES = 20_000_000
TEXT_CHARS = 10_000_000
# It is read by a slow parser; 2,000 pages take a fifth of it.
FRONT_MATTER_CHARS = 100_000
PAGES = 2_000
# Of a table of questions; the largest public FAQ exports have a few thousand rows.
ROWS = 100_000
# Of a ZIP archive (DOCX, XLSX, ODT, EPUB): the stated unpacked size of its files, and their number.
UNPACKED_BYTES = 100_000_000
PARTS = 5_000
# Of the worker process.
READING_S = 30.0
ADDRESS_SPACE_BYTES = 2 << 30
