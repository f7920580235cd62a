"""Who may sign in: credentials only. Who they are and where they may act is a PractitionerRole in the record."""
