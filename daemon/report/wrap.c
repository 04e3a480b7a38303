/* SPDX-License-Identifier: MIT */
/* Lines that fit the width of a terminal. */

#include <string.h>

#include "daemon/report/report.h"

void report_wrapped_from(struct text *text, const char *sentence, size_t column, size_t indent,
                         size_t width)
{
    bool first = true; /* word */

    while (*sentence) {
        size_t length = strcspn(sentence, " ");
        if (!first && column + 1 + length > width) {
            text_append_format(text, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            text_append(text, " ");
            column++;
        }
        /* a word longer than a line is cut where the line ends */
        while (length > width - indent) {
            size_t piece = width - column;
            text_append_bytes(text, sentence, piece);
            text_append_format(text, "\n%*s", (int)indent, "");
            sentence += piece;
            length -= piece;
            column = indent;
        }
        text_append_bytes(text, sentence, length);
        column += length;
        sentence += length;
        sentence += *sentence == ' ';
        first = false;
    }
    text_append(text, "\n");
}

void report_wrapped(struct text *text, const char *sentence, size_t indent, size_t width)
{
    report_wrapped_from(text, sentence, indent, indent, width);
}

/* A blank between a number and its unit is no place to cut. */
static bool may_cut(const char *line, size_t at)
{
    return line[at] == ',' || (line[at] == ' ' && at && !strchr("0123456789", line[at - 1]));
}

/* At most `room` bytes, without a part of a word if its start is near: half a number misleads. */
static size_t cut_length(const char *line, size_t room)
{
    static const size_t near = 16;
    size_t length = room;

    while (length && room - length < near && !may_cut(line, length))
        length--;
    if (!may_cut(line, length))
        length = room;
    while (length && (line[length] & 0xC0) == 0x80) /* inside a character of UTF-8 */
        length--;
    while (length && strchr(" ,:;(", line[length - 1]))
        length--;
    return length;
}

void report_cut(struct text *text, const char *line, size_t room)
{
    if (strlen(line) <= room) {
        text_append(text, line);
        return;
    }
    text_append_format(text, "%.*s...", (int)cut_length(line, room - 3), line);
}
