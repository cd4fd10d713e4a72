-- SPDX-License-Identifier: BSD-3-Clause
-- The tables of an Epochal store, version 4. This file is the one place where they are defined: it is compiled into the
-- library, and a store whose schema differs from it is refused.
--
-- Made with application_id 1162891075 ("EPOC") and user_version 4. Times are MJD in days, positions degrees, magnitudes
-- mag; "when" columns are UTC, "2026-11-21T01:30:00Z". NULL is unknown throughout.

CREATE TABLE surveys (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Files that were imported. The same bytes (SHA-256) read in the same way are imported once.
CREATE TABLE sources (
    id         INTEGER PRIMARY KEY,
    survey     INTEGER NOT NULL REFERENCES surveys(id),
    path       TEXT NOT NULL,
    bytes      INTEGER NOT NULL CHECK (bytes >= 0),
    digest     TEXT NOT NULL CHECK (length(digest) = 64),
    format     TEXT NOT NULL,
    options    TEXT NOT NULL,              -- JSON: what changes the meaning of the bytes
    imported   TEXT NOT NULL,              -- when
    objects    INTEGER NOT NULL DEFAULT 0, -- what it added
    stamps     INTEGER NOT NULL DEFAULT 0,
    photometry INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0, -- what was there already
    UNIQUE (digest, format, options)
) STRICT;

CREATE TABLE objects (
    id          INTEGER PRIMARY KEY CHECK (id > 0 AND id < 8796093022208), -- 2^43: stamps.id is id * 2^20 + number
    survey      INTEGER NOT NULL REFERENCES surveys(id),
    name        TEXT NOT NULL CHECK (name <> ''),
    ra          REAL,
    dec         REAL,
    class_given TEXT, -- as the file says it
    class       TEXT, -- in the taxonomy; kept by the triggers below as the last entry of labels
    parent      TEXT, -- the field or object whose sky this one shares
    source      INTEGER REFERENCES sources(id),
    UNIQUE (survey, name)
) STRICT;

-- What an object was said to be, by whom and why: append only, the last entry counts; as of a date, the last one whose
-- `at` is not later.
CREATE TABLE labels (
    id     INTEGER PRIMARY KEY CHECK (id > 0),
    object INTEGER NOT NULL REFERENCES objects(id),
    class  TEXT, -- NULL: unknown again
    who    TEXT NOT NULL CHECK (who <> ''),
    why    TEXT,
    at     TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    source INTEGER REFERENCES sources(id)
) STRICT;
CREATE INDEX labels_of_object ON labels (object, id);

CREATE TRIGGER labels_keep_updated BEFORE UPDATE ON labels
BEGIN SELECT raise(ABORT, 'labels are append-only: add a new one instead'); END;
CREATE TRIGGER labels_keep_deleted BEFORE DELETE ON labels
BEGIN SELECT raise(ABORT, 'labels are append-only: add a new one instead'); END;
-- INSERT OR REPLACE deletes without firing the trigger above
CREATE TRIGGER labels_keep_replaced BEFORE INSERT ON labels WHEN EXISTS (SELECT 1 FROM labels WHERE id = new.id)
BEGIN SELECT raise(ABORT, 'labels are append-only: add a new one instead'); END;
CREATE TRIGGER labels_in_order AFTER INSERT ON labels WHEN new.id < (SELECT max(id) FROM labels)
BEGIN SELECT raise(ABORT, 'labels are append-only: leave out the id'); END;
CREATE TRIGGER labels_set_class AFTER INSERT ON labels
BEGIN UPDATE objects SET class = new.class WHERE id = new.object; END;

CREATE TRIGGER objects_class_added BEFORE INSERT ON objects WHEN new.class IS NOT NULL
BEGIN SELECT raise(ABORT, 'an object gets its class by a row in labels'); END;
CREATE TRIGGER objects_class_changed BEFORE UPDATE OF class ON objects
WHEN new.class IS NOT (SELECT class FROM labels WHERE object = new.id ORDER BY id DESC LIMIT 1)
BEGIN SELECT raise(ABORT, 'the class of an object is changed by a new row in labels'); END;

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

-- Everything about a stamp but its pixels, so that reading this table is cheap.
CREATE TABLE stamps (
    id          INTEGER PRIMARY KEY CHECK (id >> 20 = object), -- object * 2^20 + number: they lie together
    object      INTEGER NOT NULL REFERENCES objects(id),
    source      INTEGER REFERENCES sources(id),
    exposure    TEXT NOT NULL,                   -- what was exposed, the same for every cut-out of one exposure
    role        TEXT NOT NULL CHECK (role IN ('science', 'template', 'difference', 'other')),
    plane       INTEGER NOT NULL DEFAULT 0 CHECK (plane >= 0),
    mjd         REAL,                            -- what sequences are ordered by
    mjd_given   REAL,                            -- as in the file, where that differs
    mjd_suspect INTEGER NOT NULL DEFAULT 0 CHECK (mjd_suspect IN (0, 1)),
    night       TEXT,                            -- observing date, "2006-04-02"
    filter      TEXT,
    type        TEXT NOT NULL CHECK (type IN ('u8', 'i16', 'u16', 'i32', 'f32', 'f64')),
    width       INTEGER NOT NULL CHECK (width BETWEEN 1 AND 1024),
    height      INTEGER NOT NULL CHECK (height BETWEEN 1 AND 1024),
    crc32       INTEGER NOT NULL,                -- of the pixels, as zlib's
    constant    INTEGER NOT NULL DEFAULT 0 CHECK (constant IN (0, 1)),
    mag         REAL,
    mag_err     REAL,
    fwhm        REAL,
    candid      INTEGER,
    rb          REAL,
    drb         REAL,
    rb_version  TEXT,
    drb_version TEXT,
    extra       TEXT, -- JSON object
    UNIQUE (object, exposure, role, plane)
) STRICT;
CREATE INDEX stamps_of_candid ON stamps (candid) WHERE candid IS NOT NULL;

-- Rows of the image, top row of the file first, little-endian, in stamps.type.
CREATE TABLE pixels (
    stamp INTEGER PRIMARY KEY REFERENCES stamps(id) ON DELETE CASCADE,
    data  BLOB NOT NULL
) STRICT;

CREATE TABLE photometry (
    object  INTEGER NOT NULL REFERENCES objects(id),
    method  TEXT NOT NULL,            -- 'given', or how it was measured
    mjd     REAL NOT NULL,
    filter  TEXT NOT NULL DEFAULT '',
    mag     REAL NOT NULL,
    mag_err REAL,
    -- 1: mag is an upper limit, 2: suspect. Of measured points also 4: bad pixel near, 8: saturated, 16: over the edge,
    -- 32: sky from few pixels (docs/photometry.md)
    flag    INTEGER NOT NULL DEFAULT 0,
    source  INTEGER REFERENCES sources(id),
    flux    REAL, -- above the sky, in the stamp's unit, also where it is not above 0; NULL where only mag is known
    flux_err REAL,
    PRIMARY KEY (object, method, mjd, filter, mag)
) STRICT, WITHOUT ROWID;

CREATE TABLE splits (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE CHECK (name <> ''),
    seed    INTEGER NOT NULL, -- 64 bits, shown as signed
    options TEXT NOT NULL, -- JSON
    made    TEXT NOT NULL
) STRICT;

CREATE TABLE split_members (
    split  INTEGER NOT NULL REFERENCES splits(id) ON DELETE CASCADE,
    object INTEGER NOT NULL REFERENCES objects(id),
    part   TEXT NOT NULL CHECK (part <> ''),
    PRIMARY KEY (split, object)
) STRICT, WITHOUT ROWID;

CREATE TABLE models (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL,
    sha256        TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    network       TEXT NOT NULL,
    classes       TEXT NOT NULL, -- JSON array, in the order of the outputs
    normalisation TEXT NOT NULL,
    created       TEXT NOT NULL
) STRICT;

CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    command     TEXT NOT NULL,
    options     TEXT NOT NULL, -- JSON
    versions    TEXT NOT NULL, -- JSON
    seed        INTEGER NOT NULL,
    threads     INTEGER NOT NULL,
    model       INTEGER REFERENCES models(id), -- used or made
    split       INTEGER REFERENCES splits(id),
    started     TEXT NOT NULL,
    status      TEXT NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'failed', 'cancelled')),
    seconds     REAL,
    peak_memory INTEGER -- bytes
) STRICT;

CREATE TABLE curves (
    run   INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    name  TEXT NOT NULL, -- 'loss/train'
    epoch INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (run, name, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE class_scores (
    run         INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    object      INTEGER NOT NULL REFERENCES objects(id),
    class       TEXT NOT NULL,
    probability REAL NOT NULL,
    PRIMARY KEY (run, object, class)
) STRICT, WITHOUT ROWID;
CREATE INDEX class_scores_of_object ON class_scores (object, run);

-- One score for the planes that entered the network together, under the first of them (the science stamp).
CREATE TABLE stamp_scores (
    run   INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    stamp INTEGER NOT NULL REFERENCES stamps(id),
    score REAL NOT NULL, -- P(real)
    PRIMARY KEY (run, stamp)
) STRICT, WITHOUT ROWID;
CREATE INDEX stamp_scores_of_stamp ON stamp_scores (stamp, run);

-- What an encoder made of an object's sequence (`epochal classify --encodings keep`), so that another head over the same encoder
-- need not run it again. It can be made from the stamps at any time, and so be deleted at any time.
CREATE TABLE encodings (
    id       INTEGER PRIMARY KEY,
    object   INTEGER NOT NULL REFERENCES objects(id) ON DELETE CASCADE,
    encoder  TEXT NOT NULL CHECK (length(encoder) = 64), -- SHA-256 of its layers and weights, and of what computed
    turn     INTEGER NOT NULL CHECK (turn BETWEEN 0 AND 7), -- flip and quarter turn of the images
    images   TEXT NOT NULL CHECK (length(images) = 64),  -- SHA-256 of the normalised triplets that went in
    crc32    INTEGER NOT NULL,                           -- of the features, as zlib's
    features BLOB NOT NULL,                              -- float32, little-endian, triplet by triplet
    UNIQUE (encoder, object, turn)
) STRICT;

-- Views for people who come with the sqlite3 shell.

CREATE VIEW object_list AS
SELECT o.id, v.name AS survey, o.name, o.class, o.class_given, o.ra, o.dec, o.parent,
       count(s.id) AS stamps, count(DISTINCT s.night) AS nights, min(s.mjd) AS mjd_first, max(s.mjd) AS mjd_last
FROM objects o JOIN surveys v ON v.id = o.survey LEFT JOIN stamps s ON s.object = o.id
GROUP BY o.id;

CREATE VIEW stamp_list AS
SELECT s.id, o.name AS object, o.class, s.exposure, s.role, s.plane, s.mjd, s.mjd_suspect, s.night, s.filter,
       s.width, s.height, s.type, s.constant, s.mag, s.mag_err, s.candid, s.rb, s.drb, f.path
FROM stamps s JOIN objects o ON o.id = s.object LEFT JOIN sources f ON f.id = s.source;

CREATE VIEW class_list AS
SELECT class, count(*) AS objects FROM objects GROUP BY class;

CREATE VIEW current_labels AS
SELECT l.object, o.name, l.class, l.who, l.why, l.at
FROM labels l JOIN objects o ON o.id = l.object
WHERE l.id = (SELECT max(id) FROM labels WHERE object = l.object);

-- The scores of an object by the last run that finished, for each model.
CREATE VIEW latest_class_scores AS
SELECT c.object, o.name, o.class AS labelled, m.id AS model, m.name AS model_name, c.run, c.class, c.probability
FROM class_scores c JOIN runs r ON r.id = c.run JOIN objects o ON o.id = c.object LEFT JOIN models m ON m.id = r.model
WHERE c.run = (SELECT max(c2.run) FROM class_scores c2 JOIN runs r2 ON r2.id = c2.run
               WHERE c2.object = c.object AND r2.model IS r.model AND r2.status = 'done');

CREATE VIEW latest_stamp_scores AS
SELECT c.stamp, s.candid, o.name, s.mjd, m.id AS model, m.name AS model_name, c.run, c.score
FROM stamp_scores c JOIN runs r ON r.id = c.run JOIN stamps s ON s.id = c.stamp JOIN objects o ON o.id = s.object
LEFT JOIN models m ON m.id = r.model
WHERE c.run = (SELECT max(c2.run) FROM stamp_scores c2 JOIN runs r2 ON r2.id = c2.run
               WHERE c2.stamp = c.stamp AND r2.model IS r.model AND r2.status = 'done');
