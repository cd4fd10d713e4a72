/* SPDX-License-Identifier: BSD-3-Clause
 * resize.h - a plane in another size. */
#ifndef EPO_IMAGE_RESIZE_H
#define EPO_IMAGE_RESIZE_H

/* Bilinear: pixels are squares that both planes cut the same area into, values lie in their middles, and the outermost
 * go on to the border (PyTorch's interpolate with align_corners=False). Row-major, sides >= 1; `from` and `to` do not
 * overlap. */
void epo__image_resize_bilinear(const float *from, int height, int width, float *to, int to_height, int to_width);

#endif
