-- Sign-ins, read on every request, so that ending one is one commit and holds at once. The key is a hash: what a
-- browser or a program sends is not kept. ``posting`` is the PractitionerRole in which somebody at work acts ("" for a
-- resident and for whoever has not chosen yet), ``posted`` a digest of what it said then.
CREATE TABLE session ( -- global
  hash {text} NOT NULL, id {text} NOT NULL, kind {text} NOT NULL, account {text} NOT NULL,
  posting {text} NOT NULL, posted {text} NOT NULL, actor TEXT NOT NULL,
  issued BIGINT NOT NULL, seen BIGINT NOT NULL, proved BIGINT NOT NULL, factor {text} NOT NULL, expires BIGINT NOT NULL,
  device TEXT NOT NULL, address {text} NOT NULL, client {text} NOT NULL, family {text} NOT NULL,
  PRIMARY KEY (hash)
) {clustered};
CREATE INDEX session_account ON session (account, id);
CREATE INDEX session_family ON session (family);
