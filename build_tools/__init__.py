"""What a build of Doorstep does: compile the official FHIR definitions and the translations."""
