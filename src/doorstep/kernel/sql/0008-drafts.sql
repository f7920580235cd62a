-- What somebody has typed at a visit and not signed yet: no part of the record, in no export and no search, gone when it
-- is signed or dropped. ``org`` is where they act: colleagues there who may see the visit see that somebody writes at it.
-- ``aside`` is 1 when its writer has chosen to go on at another resident's visit meanwhile.
CREATE TABLE draft (
  part INTEGER NOT NULL, visit {text} NOT NULL, person {text} NOT NULL, org {text} NOT NULL,
  resident {text} NOT NULL, saved BIGINT NOT NULL, aside SMALLINT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (part, visit, person)
) {clustered};
CREATE INDEX draft_person ON draft (person, org, saved);
