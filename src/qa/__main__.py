"""``python -m qa`` runs ``qa``."""

from qa.cli import main

main()
