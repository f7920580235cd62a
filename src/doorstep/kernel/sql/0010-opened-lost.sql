-- From whom a Task was taken over or given away while they had it open: they are told until the opening ends.
ALTER TABLE opened ADD COLUMN lost {text} NOT NULL DEFAULT '';
CREATE INDEX opened_lost ON opened (lost, at);
