-- The record, first schema. One text for both engines: {text} is TEXT compared by code point, {clustered} makes a table
-- its own primary-key tree where the engine can. Times are microseconds since the epoch.
-- Law (a test reads this file): every primary or unique key of a table that can be sharded begins with part.
-- Tables of what must be unique in the whole system are keyed by themselves and marked "-- global".

CREATE TABLE resource (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL,
  version INTEGER NOT NULL, txid BIGINT NOT NULL, updated BIGINT NOT NULL,
  custodian {text} NOT NULL, sens SMALLINT NOT NULL, deleted SMALLINT NOT NULL,
  method {text} NOT NULL, ixver INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (part, type, id)
);
CREATE INDEX resource_txid ON resource (txid);
CREATE INDEX resource_type ON resource (type, part, id);
CREATE INDEX resource_updated ON resource (type, updated);

CREATE TABLE version (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL,
  version INTEGER NOT NULL, txid BIGINT NOT NULL, updated BIGINT NOT NULL,
  custodian {text} NOT NULL, sens SMALLINT NOT NULL, deleted SMALLINT NOT NULL,
  method {text} NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (part, type, id, version)
);
CREATE INDEX version_txid ON version (txid);

CREATE TABLE locator ( -- global
  type SMALLINT NOT NULL, id {text} NOT NULL, part INTEGER NOT NULL,
  PRIMARY KEY (type, id)
) {clustered};

CREATE TABLE subject (
  part INTEGER NOT NULL, resident {text} NOT NULL, type SMALLINT NOT NULL,
  code {text} NOT NULL, sys BIGINT NOT NULL, date BIGINT NOT NULL,
  id {text} NOT NULL, direct SMALLINT NOT NULL, rpart INTEGER NOT NULL,
  PRIMARY KEY (part, resident, type, code, sys, date, id, direct)
) {clustered};
CREATE INDEX subject_resource ON subject (rpart, type, id);
CREATE INDEX subject_code ON subject (type, code, sys, date);

CREATE TABLE ix_token (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL, key INTEGER NOT NULL,
  code {text} NOT NULL, sys BIGINT NOT NULL{own_key:code, sys}
) {clustered};
CREATE INDEX ix_token_value ON ix_token (key, code, sys, part, id);

CREATE TABLE ix_reference (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL, key INTEGER NOT NULL,
  rtype {text} NOT NULL, rid {text} NOT NULL{own_key:rtype, rid}
) {clustered};
CREATE INDEX ix_reference_value ON ix_reference (key, rid, rtype, part, id);

CREATE TABLE ix_string (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL, key INTEGER NOT NULL,
  norm {text} NOT NULL, exact {text} NOT NULL{own_key:norm, exact}
) {clustered};
CREATE INDEX ix_string_value ON ix_string (key, norm, part, id);

CREATE TABLE ix_date (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL, key INTEGER NOT NULL,
  lo BIGINT NOT NULL, hi BIGINT NOT NULL{own_key:lo, hi}
) {clustered};
CREATE INDEX ix_date_value ON ix_date (key, lo, part, id);

CREATE TABLE ix_number (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL, key INTEGER NOT NULL,
  lo DOUBLE PRECISION NOT NULL, hi DOUBLE PRECISION NOT NULL{own_key:lo, hi}
) {clustered};
CREATE INDEX ix_number_value ON ix_number (key, lo, part, id);

CREATE TABLE ix_quantity (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL, key INTEGER NOT NULL,
  lo DOUBLE PRECISION NOT NULL, hi DOUBLE PRECISION NOT NULL,
  code {text} NOT NULL, sys BIGINT NOT NULL{own_key:lo, hi, code, sys}
) {clustered};
CREATE INDEX ix_quantity_value ON ix_quantity (key, lo, part, id);

CREATE TABLE ix_uri (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL, key INTEGER NOT NULL,
  value {text} NOT NULL{own_key:value}
) {clustered};
CREATE INDEX ix_uri_value ON ix_uri (key, value, part, id);

CREATE TABLE ix_composite (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL, key INTEGER NOT NULL,
  a_code {text} NOT NULL, a_sys BIGINT NOT NULL, b_code {text} NOT NULL, b_sys BIGINT NOT NULL,
  b_lo DOUBLE PRECISION NOT NULL, b_hi DOUBLE PRECISION NOT NULL{own_key:a_code, a_sys, b_code, b_sys, b_lo, b_hi}
) {clustered};
CREATE INDEX ix_composite_value ON ix_composite (key, a_code, a_sys, part, id);

CREATE TABLE ix_text (
  part INTEGER NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL,
  narrative TEXT NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (part, type, id)
);

CREATE TABLE access_grant (
  part INTEGER NOT NULL, resident {text} NOT NULL, id {text} NOT NULL,
  org {text} NOT NULL, person {text} NOT NULL, level SMALLINT NOT NULL, purpose {text} NOT NULL,
  reason {text} NOT NULL, source {text} NOT NULL, scope_ref {text},
  starts BIGINT NOT NULL, ends BIGINT NOT NULL, verified SMALLINT NOT NULL,
  PRIMARY KEY (part, resident, id)
) {clustered};
CREATE INDEX access_grant_org ON access_grant (org, part, resident);
CREATE INDEX access_grant_source ON access_grant (source);

CREATE TABLE grant_item (
  part INTEGER NOT NULL, grant_id {text} NOT NULL, type SMALLINT NOT NULL, id {text} NOT NULL, rpart INTEGER NOT NULL,
  PRIMARY KEY (part, grant_id, type, id)
) {clustered};

CREATE TABLE claim ( -- global
  kind {text} NOT NULL, key {text} NOT NULL, holder {text} NOT NULL, fence BIGINT NOT NULL, expires BIGINT NOT NULL,
  PRIMARY KEY (kind, key)
) {clustered};
CREATE INDEX claim_expires ON claim (expires);

CREATE TABLE unique_key ( -- global
  kind {text} NOT NULL, key {text} NOT NULL, holder {text} NOT NULL,
  PRIMARY KEY (kind, key)
) {clustered};

CREATE TABLE counter ( -- global
  kind {text} NOT NULL, key {text} NOT NULL, amount BIGINT NOT NULL,
  PRIMARY KEY (kind, key)
) {clustered};

CREATE TABLE guard ( -- global
  key {text} NOT NULL, n BIGINT NOT NULL, touched BIGINT NOT NULL,
  PRIMARY KEY (key)
) {clustered};

CREATE TABLE due (
  part INTEGER NOT NULL, id {text} NOT NULL, at BIGINT NOT NULL, lane {text} NOT NULL, kind {text} NOT NULL,
  ref {text} NOT NULL, payload TEXT NOT NULL, attempts INTEGER NOT NULL, lease_until BIGINT NOT NULL,
  lease_by {text} NOT NULL, dead SMALLINT NOT NULL, error TEXT NOT NULL,
  PRIMARY KEY (part, id)
) {clustered};
CREATE INDEX due_at ON due (dead, at);
CREATE INDEX due_ref ON due (ref, kind);

CREATE TABLE task_row (
  part INTEGER NOT NULL, id {text} NOT NULL, owner {text} NOT NULL, requester {text} NOT NULL, code {text} NOT NULL,
  status {text} NOT NULL, state {text} NOT NULL, open SMALLINT NOT NULL, priority SMALLINT NOT NULL,
  resident {text} NOT NULL, focus {text} NOT NULL, deadline BIGINT NOT NULL, authored BIGINT NOT NULL,
  PRIMARY KEY (part, id)
) {clustered};
CREATE INDEX task_row_owner ON task_row (owner, open, priority, deadline);
CREATE INDEX task_row_requester ON task_row (requester, open, deadline);

CREATE TABLE audit (
  part INTEGER NOT NULL, id {text} NOT NULL, at BIGINT NOT NULL, account {text} NOT NULL, person {text} NOT NULL,
  role {text} NOT NULL, org {text} NOT NULL, purpose {text} NOT NULL, grant_id {text} NOT NULL,
  action {text} NOT NULL, type {text} NOT NULL, refs TEXT NOT NULL, resident {text} NOT NULL,
  query TEXT NOT NULL, outcome SMALLINT NOT NULL, address {text} NOT NULL, request {text} NOT NULL,
  PRIMARY KEY (part, id)
) {clustered};

CREATE TABLE audit_sealed ( -- global
  seq BIGINT NOT NULL, sealed BIGINT NOT NULL, hash {text} NOT NULL,
  part INTEGER NOT NULL, id {text} NOT NULL, at BIGINT NOT NULL, account {text} NOT NULL, person {text} NOT NULL,
  role {text} NOT NULL, org {text} NOT NULL, purpose {text} NOT NULL, grant_id {text} NOT NULL,
  action {text} NOT NULL, type {text} NOT NULL, refs TEXT NOT NULL, resident {text} NOT NULL,
  query TEXT NOT NULL, outcome SMALLINT NOT NULL, address {text} NOT NULL, request {text} NOT NULL,
  PRIMARY KEY (seq)
);
CREATE INDEX audit_sealed_resident ON audit_sealed (resident, at);
CREATE INDEX audit_sealed_at ON audit_sealed (at);

CREATE TABLE token ( -- global
  hash {text} NOT NULL, account {text} NOT NULL, actor TEXT NOT NULL, issued BIGINT NOT NULL, expires BIGINT NOT NULL,
  PRIMARY KEY (hash)
) {clustered};
CREATE INDEX token_account ON token (account);

CREATE TABLE setting ( -- global
  name {text} NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (name)
) {clustered};
