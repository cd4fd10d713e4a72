/* SPDX-License-Identifier: BSD-3-Clause
 * version.h - the one place that holds the version; the Makefile reads it from here. */
#ifndef EPOCHAL_VERSION_H
#define EPOCHAL_VERSION_H

#define EPO_VERSION_MAJOR 0
#define EPO_VERSION_MINOR 1
#define EPO_VERSION_PATCH 0
#define EPO_VERSION_STRING "0.1.0"

#endif
