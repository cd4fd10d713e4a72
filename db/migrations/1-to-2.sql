-- SPDX-License-Identifier: BSD-3-Clause
-- Version 2: photometry keeps fluxes beside magnitudes.
ALTER TABLE photometry ADD COLUMN flux REAL;
ALTER TABLE photometry ADD COLUMN flux_err REAL;
