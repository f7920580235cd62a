"""Several workflows in one transaction."""
