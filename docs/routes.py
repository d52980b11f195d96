"""Write the table of ``docs/routes.md`` anew from the routes of the server.

Usage: python docs/routes.py
"""

import re
from pathlib import Path

from qa.web.server.routes import MCP_ROUTES, ROUTES, Kind

PAGE = Path(__file__).with_suffix(".md")
_COSTS: dict[Kind, str] = {
    "question": "a question and a request",
    "batch": "each question, of the key; a request",
    "page": "a request",
    "file": "a request; any page may load it",
    "inside": "a request",
    "operator": "a request; only the addresses of `metrics_from`",
}


def table() -> str:
    """Return the table of routes in Markdown, a line each."""
    lines = ["| route | methods | counts as | an outsider learns |", "|---|---|---|---|"]
    for route in (*ROUTES, *MCP_ROUTES):
        methods = ", ".join(sorted(route.methods))
        lines.append(f"| `{route.name}` | {methods} | {_COSTS[route.kind]} | {route.discloses} |")
    return "\n".join(lines)


def main() -> None:
    """Replace the table in the page."""
    text = PAGE.read_text("utf-8")
    before, after = re.split(r"(?<=\n)\| route .*?(?=\n\n)", text, maxsplit=1, flags=re.DOTALL)
    PAGE.write_text(before + table() + after, "utf-8")


if __name__ == "__main__":
    main()
