"""Pages of the family team: who is to be followed up, the form, contracts."""
