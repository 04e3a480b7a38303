#pragma once

/* Fails the test unless `page` is HTML whose elements all end where they may, whose quotes and
 * entities are whole, and which holds neither a script nor a control character. */
void require_well_formed(const char *page);
