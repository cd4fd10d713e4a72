-- SPDX-License-Identifier: BSD-3-Clause
-- Version 3: votes of several observers beside the labels.

-- What observers think an object is, before anything is decided: append only. Those on the label that stands form a round;
-- the next label, whoever gives it, ends the round.
CREATE TABLE votes (
    id     INTEGER PRIMARY KEY CHECK (id > 0),
    object INTEGER NOT NULL REFERENCES objects(id),
    class  TEXT, -- NULL: it cannot be told
    who    TEXT NOT NULL CHECK (who <> ''),
    why    TEXT,
    at     TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    source INTEGER REFERENCES sources(id),
    label  INTEGER REFERENCES labels(id) -- that stood when the vote came; NULL: none
) STRICT;
CREATE INDEX votes_of_object ON votes (object, id);

CREATE TRIGGER votes_keep_updated BEFORE UPDATE ON votes
BEGIN SELECT raise(ABORT, 'votes are append-only: add a new one instead'); END;
CREATE TRIGGER votes_keep_deleted BEFORE DELETE ON votes
BEGIN SELECT raise(ABORT, 'votes are append-only: add a new one instead'); END;
CREATE TRIGGER votes_keep_replaced BEFORE INSERT ON votes WHEN EXISTS (SELECT 1 FROM votes WHERE id = new.id)
BEGIN SELECT raise(ABORT, 'votes are append-only: add a new one instead'); END;
CREATE TRIGGER votes_in_order AFTER INSERT ON votes WHEN new.id < (SELECT max(id) FROM votes)
BEGIN SELECT raise(ABORT, 'votes are append-only: leave out the id'); END;

-- The last vote of each observer (letters compared without case) on the label that stands.
CREATE VIEW open_votes AS
SELECT v.id, v.object, o.name, o.class AS labelled, v.class, v.who, v.why, v.at
FROM votes v JOIN objects o ON o.id = v.object
WHERE v.label IS (SELECT max(id) FROM labels WHERE object = v.object)
  AND v.id = (SELECT max(w.id) FROM votes w WHERE w.object = v.object AND w.who = v.who COLLATE NOCASE);
