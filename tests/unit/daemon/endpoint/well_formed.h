/* SPDX-License-Identifier: MIT */
#pragma once

/* Returns NULL if `page` is well-formed HTML without a script or a control character: all elements
 * end where they may, and quotes and entities are whole. Otherwise returns one line with the fault,
 * valid until the next call. */
const char *well_formed_fault(const char *page);
