"""The record. The only code that holds SQL or opens a database; no HTTP, no pages, no local policy."""
