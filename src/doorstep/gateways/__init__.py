"""What stands between the record and the machines of others: foreign bytes in, resources out, and back. No rules."""
