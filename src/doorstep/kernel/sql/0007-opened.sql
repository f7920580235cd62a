-- Who has a Task open and since when: a courtesy between colleagues that forbids nothing, and no part of the record.
CREATE TABLE opened (
  part INTEGER NOT NULL, task {text} NOT NULL, person {text} NOT NULL, org {text} NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (part, task)
) {clustered};
