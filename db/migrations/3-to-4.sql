-- SPDX-License-Identifier: BSD-3-Clause
-- Version 4: what encoders made of sequences.

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
