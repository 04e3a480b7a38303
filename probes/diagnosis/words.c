/* SPDX-License-Identifier: MIT */
#include "probes/diagnosis/words.h"

#include <stdint.h>
#include <string.h>

#define WORDS_LIMIT 4096 /* bytes of one sentence or step */

void template_write(struct text *out, const char *template, template_put put, const void *context)
{
    for (const char *at = template; *at;) {
        size_t plain = strcspn(at, "{");
        text_append_bytes(out, at, plain);
        at += plain;
        if (!*at)
            break;
        size_t length = strcspn(at, "}");
        char name[32] = "";
        if (length - 1 < sizeof(name) && at[length]) {
            memcpy(name, at + 1, length - 1);
            put(out, name, context);
        }
        at += at[length] ? length + 1 : length;
    }
}

static bool parentheses_match(const char *text)
{
    size_t depth = 0;

    for (; *text; text++) {
        if (*text == ')' && depth == 0)
            return false;
        depth += *text == '(';
        depth -= *text == ')';
    }
    return depth == 0;
}

/* "too weak (protocol version (alert 70))" becomes "too weak (protocol version, alert 70)", since a
 * value may have parentheses of its own. */
static void append_flat(struct text *out, const char *text)
{
    bool matched = parentheses_match(text);
    uint64_t replaced = 0; /* a bit for each open one, the innermost first */
    size_t depth = 0;

    for (const char *at = text; *at; at++) {
        bool aside = matched && depth && at[0] == ' ' && at[1] == '(';
        bool ends = *at == ')' && (replaced & 1);
        if (aside)
            text_append(out, ", ");
        else if (!ends)
            text_append_bytes(out, at, 1);
        at += aside;
        if (*at == '(') {
            replaced = replaced << 1 | aside;
            depth++;
        } else if (*at == ')' && depth) {
            replaced >>= 1;
            depth--;
        }
    }
}

const char *speaker_fill(const struct speaker *speaker, const char *template)
{
    struct text out = TEXT_WITH_LIMIT(WORDS_LIMIT);
    struct text flat = TEXT_WITH_LIMIT(WORDS_LIMIT);

    template_write(&out, template, speaker->put, speaker->context);
    append_flat(&flat, text_string(&out));
    char *filled = arena_copy_text(speaker->arena, text_string(&flat));
    text_free(&flat);
    text_free(&out);
    /* A value that is not known begins so ("the registry"), and it may begin the sentence. */
    if (filled && template[0] == '{' && strncmp(filled, "the ", 4) == 0)
        filled[0] = 'T';
    return filled;
}

static bool line_applies(const struct line *line, const struct speaker *speaker)
{
    for (size_t i = 0; i < LINE_MAX_FACTS; i++) {
        if (line->all[i] != FACT_NONE && !speaker->is(line->all[i], speaker->context))
            return false;
        if (line->none[i] != FACT_NONE && speaker->is(line->none[i], speaker->context))
            return false;
    }
    return true;
}

const char *speaker_sentence(const struct speaker *speaker, enum cause cause)
{
    const struct cause_words *words = cause_words(cause);

    for (const struct line *line = words->says; line && line->text; line++)
        if (line_applies(line, speaker))
            return speaker_fill(speaker, line->text);
    return speaker_fill(speaker, words->title);
}

bool step_is_title(const char *step)
{
    size_t length = step ? strlen(step) : 0;

    return length > 0 && step[length - 1] == ':';
}

size_t speaker_steps(const struct speaker *speaker, enum cause cause, const char **lines,
                     size_t count, size_t max)
{
    const struct line *const *lists = cause_words(cause)->steps;
    const char *title = NULL;

    for (size_t i = 0; lists[i]; i++) {
        for (const struct line *line = lists[i]; line->text; line++) {
            if (!line_applies(line, speaker))
                continue;
            const char *filled = speaker_fill(speaker, line->text);
            if (!filled)
                return count;
            if (step_is_title(filled)) {
                title = filled;
                continue;
            }
            if (title && count < max)
                lines[count++] = title;
            title = NULL;
            if (count < max)
                lines[count++] = filled;
        }
    }
    return count;
}
