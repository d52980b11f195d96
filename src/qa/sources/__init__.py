"""Files and addresses become documents."""
