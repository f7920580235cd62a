-- Which Tasks a request belongs to; Subscriptions and what they still have to tell; bulk exports.

CREATE INDEX task_row_focus ON task_row (focus);

CREATE TABLE hook (
  part INTEGER NOT NULL, id {text} NOT NULL, author TEXT NOT NULL, criteria TEXT NOT NULL, channel TEXT NOT NULL,
  ends BIGINT NOT NULL, cursor TEXT NOT NULL, number BIGINT NOT NULL, state {text} NOT NULL,
  attempts INTEGER NOT NULL, next_at BIGINT NOT NULL, lease_until BIGINT NOT NULL, lease_by {text} NOT NULL,
  PRIMARY KEY (part, id)
) {clustered};

CREATE TABLE hook_event (
  part INTEGER NOT NULL, hook {text} NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL,
  type {text} NOT NULL, id {text} NOT NULL, version INTEGER NOT NULL, delivered BIGINT NOT NULL,
  PRIMARY KEY (part, hook, number)
) {clustered};

CREATE TABLE bulk_job (
  part INTEGER NOT NULL, id {text} NOT NULL, actor TEXT NOT NULL, asked TEXT NOT NULL, state {text} NOT NULL,
  made BIGINT NOT NULL, expires BIGINT NOT NULL, task {text} NOT NULL, result TEXT NOT NULL,
  PRIMARY KEY (part, id)
) {clustered};
