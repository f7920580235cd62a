"""FHIR R4 over HTTP: a WSGI application of its own, one file an interaction."""
