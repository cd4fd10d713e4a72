/* SPDX-License-Identifier: BSD-3-Clause
 * plain.c - characters that may be shown. */
#include "plain.h"

size_t cli_utf8_length(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0; /* also the NUL at the end */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)) return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) return 0;
    return n;
}

bool cli_is_plain(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    if (length == 1) return *p >= 0x20 && *p != 0x7f;
    if (length == 2) return !(p[0] == 0xc2 && p[1] < 0xa0);
    if (length == 3 && p[0] == 0xe2 && p[1] == 0x80) return !((p[2] >= 0xaa && p[2] <= 0xae) || p[2] == 0x8e || p[2] == 0x8f);
    return !(length == 3 && p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}
