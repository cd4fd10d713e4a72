-- SPDX-License-Identifier: BSD-3-Clause
-- Version 2: photometry keeps fluxes beside magnitudes. Run as: sqlite3 -bail STORE < 1-to-2.sql
-- A second run stops at the first statement, with nothing changed.
BEGIN IMMEDIATE;
ALTER TABLE photometry ADD COLUMN flux REAL;
ALTER TABLE photometry ADD COLUMN flux_err REAL;
PRAGMA user_version = 2;
COMMIT;
-- the version is read from the file itself, so it must not stay in the log
PRAGMA wal_checkpoint(TRUNCATE);
