/* SPDX-License-Identifier: BSD-3-Clause
 * lapack.h - the few LAPACK routines in use, as OpenBLAS exports them: Fortran names and calling, column-major,
 * integers of 32 bits. Declared here because OpenBLAS's packages come without a header for them; lengths of character
 * arguments go last, as gfortran has them. */
#ifndef EPO_LIGHTCURVE_LAPACK_H
#define EPO_LIGHTCURVE_LAPACK_H

#include <stddef.h>
#include <stdint.h>

/* A = QR, Householder; then C := op(Q) C; then the triangle solved, and its condition. */
void dgeqrf_(const int32_t *m, const int32_t *n, double *a, const int32_t *lda, double *tau, double *work,
             const int32_t *lwork, int32_t *info);
void dormqr_(const char *side, const char *trans, const int32_t *m, const int32_t *n, const int32_t *k, const double *a,
             const int32_t *lda, const double *tau, double *c, const int32_t *ldc, double *work, const int32_t *lwork,
             int32_t *info, size_t side_length, size_t trans_length);
void dtrtrs_(const char *uplo, const char *trans, const char *diag, const int32_t *n, const int32_t *nrhs,
             const double *a, const int32_t *lda, double *b, const int32_t *ldb, int32_t *info, size_t uplo_length,
             size_t trans_length, size_t diag_length);
void dtrcon_(const char *norm, const char *uplo, const char *diag, const int32_t *n, const double *a,
             const int32_t *lda, double *rcond, double *work, int32_t *iwork, int32_t *info, size_t norm_length,
             size_t uplo_length, size_t diag_length);

/* The solution of least norm, singular values below rcond times the largest taken as 0. */
void dgelss_(const int32_t *m, const int32_t *n, const int32_t *nrhs, double *a, const int32_t *lda, double *b,
             const int32_t *ldb, double *s, const double *rcond, int32_t *rank, double *work, const int32_t *lwork,
             int32_t *info);

#endif
