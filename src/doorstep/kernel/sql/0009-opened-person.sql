-- What one person has open or was given: the tile of what is theirs is counted from these rows, not from all that waits.
CREATE INDEX opened_person ON opened (person, at);
