-- What happened and a Subscription to a topic has still to tell its endpoint: it takes a number when it is told.
CREATE TABLE hook_found (
  part INTEGER NOT NULL, hook {text} NOT NULL, place BIGINT NOT NULL, at BIGINT NOT NULL,
  type {text} NOT NULL, id {text} NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY (part, hook, place)
) {clustered};
