-- An access by its id: an entry of "who saw my record" that a resident questions, and AuditEvent read.

CREATE INDEX audit_sealed_id ON audit_sealed (id);
