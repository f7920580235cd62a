-- Residents who are one person: whose entry another stands for. A replaced resident's rows in subject stay, marked by
-- direct + 2 so that they are no ground for anybody; the survivor has rows of its own for the same resources, which say
-- via whom. Grants and refusals are the survivor's meanwhile, and say whose they were.

CREATE TABLE resident_alias (
  part INTEGER NOT NULL, resident {text} NOT NULL, survivor_part INTEGER NOT NULL, survivor {text} NOT NULL,
  PRIMARY KEY (part, resident)
) {clustered};

ALTER TABLE subject ADD COLUMN via {text} NOT NULL DEFAULT '';
ALTER TABLE access_grant ADD COLUMN via {text} NOT NULL DEFAULT '';
ALTER TABLE access_bar ADD COLUMN via {text} NOT NULL DEFAULT '';
