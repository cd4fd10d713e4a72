/* SPDX-License-Identifier: BSD-3-Clause
 * command_main.c - the command's main under another name, so that a test program can be the command in a child. */
int epochal_main(int argc, char **argv);
#define main epochal_main
#include "main.c"
