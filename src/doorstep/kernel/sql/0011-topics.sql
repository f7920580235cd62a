-- What a Subscription to a topic has beside the others: which one, where its client saw us, when its channel answered
-- the handshake (0: not yet) and when it last heard from us.
CREATE TABLE hook_topic (
  part INTEGER NOT NULL, id {text} NOT NULL, topic TEXT NOT NULL, base TEXT NOT NULL,
  greeted BIGINT NOT NULL, spoken BIGINT NOT NULL,
  PRIMARY KEY (part, id)
) {clustered};
