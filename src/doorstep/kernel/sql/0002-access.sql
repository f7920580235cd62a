-- What the access rule reads: which restricted category a resource belongs to and whether it names several residents;
-- what a grant opens, and whether the resident's refusal can take it away; the refusals themselves.

ALTER TABLE resource ADD COLUMN label {text} NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN several SMALLINT NOT NULL DEFAULT 0;

ALTER TABLE access_grant ADD COLUMN label {text} NOT NULL DEFAULT '';
ALTER TABLE access_grant ADD COLUMN firm SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX access_grant_person ON access_grant (person, part, resident);

CREATE TABLE access_bar (
  part INTEGER NOT NULL, resident {text} NOT NULL, org {text} NOT NULL, source {text} NOT NULL, until BIGINT NOT NULL,
  PRIMARY KEY (part, resident, org, source)
) {clustered};
CREATE INDEX access_bar_source ON access_bar (source);
