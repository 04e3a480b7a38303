/* SPDX-License-Identifier: MIT */
#include "probes/transport/http_reader.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "config/base/memory.h"
#include "config/base/text.h"

#define MAX_LINE       (HTTP_MAX_HEADER_VALUE + 256)
#define MAX_CHUNK_LINE 4096                /* Go's limit, also of the trailer */
#define MAX_EXCESS     (16 * 1024)         /* Go 1.24's limit of what is no data of chunks */
#define MAX_KEPT       ((size_t)64 * 1024) /* bytes of all kept headers together */
#define UNZIP_STEP     4096
#define MAX_UNZIP      ((size_t)16 * 1024 * 1024) /* of zlib's input: empty members give nothing */

enum reading {
    READING_STATUS_LINE,
    READING_HEADER_LINE,
    READING_LENGTH,     /* a body of known length */
    READING_TO_END,     /* a body that ends with the connection */
    READING_CHUNK_SIZE, /* the line before a chunk */
    READING_CHUNK,
    READING_CHUNK_END, /* CRLF after a chunk */
    READING_TRAILER,   /* behind the last chunk */
    READING_DONE,
};

struct http_reader {
    struct http_reader_options options;
    struct arena *arena;
    enum reading state;
    unsigned status;
    unsigned informational;
    unsigned encodings; /* Transfer-Encoding headers */
    unsigned end_bytes; /* of CRLF after a chunk */
    bool before_1_1;    /* such a version has no chunks */
    bool line_overflows;
    bool holds;
    bool holds_cut; /* it was longer than a line may be */
    bool odd_headers;
    bool chunked;
    bool has_length;
    bool lengths_differ;
    bool length_is_bad;
    bool has_coding; /* the first Content-Encoding counts */
    bool zipped;
    bool body_too_large;
    bool unzipping;
    bool member_ended;
    bool no_memory;
    size_t head_bytes;
    struct text line;
    struct text held; /* a header line that the next line may continue */
    size_t kept_bytes;
    size_t header_count;
    struct http_header *headers; /* in the arena */
    const char *length_text;     /* in the arena */
    uint64_t length;
    uint64_t left;  /* bytes of the body or the chunk */
    int64_t excess; /* bytes of chunks that are no data */
    struct text body;
    size_t unzipped_from;
    z_stream zip;
    const char *refusal;
};

/* ---- setting up ---- */

static void *zip_allocate(void *context, unsigned count, unsigned size)
{
    (void)context;
    return memory_allocate((size_t)count * size);
}

static void zip_release(void *context, void *block)
{
    (void)context;
    memory_release(block);
}

struct http_reader *http_reader_new(const struct http_reader_options *options, struct arena *arena)
{
    struct http_reader *reader = memory_allocate(sizeof(*reader));

    if (!reader)
        return NULL;
    reader->options = *options;
    reader->arena = arena;
    reader->headers = arena_allocate(arena, HTTP_MAX_HEADERS * sizeof(*reader->headers));
    if (!reader->headers) {
        memory_release(reader);
        return NULL;
    }
    reader->line = TEXT_WITH_LIMIT(MAX_LINE);
    reader->held = TEXT_WITH_LIMIT(MAX_LINE);
    reader->body = TEXT_WITH_LIMIT(options->max_body);
    return reader;
}

void http_reader_free(struct http_reader *reader)
{
    if (!reader)
        return;
    if (reader->unzipping)
        inflateEnd(&reader->zip);
    text_free(&reader->line);
    text_free(&reader->held);
    text_free(&reader->body);
    memory_release(reader);
}

const char *http_reader_refusal(const struct http_reader *reader)
{
    return reader->refusal;
}

bool http_reader_has_headers(const struct http_reader *reader)
{
    return reader->state > READING_HEADER_LINE;
}

void http_reader_response(const struct http_reader *reader, struct http_response *ret)
{
    bool complete = http_reader_has_headers(reader);

    ret->status = complete ? reader->status : 0;
    ret->header_count = complete ? reader->header_count : 0;
    ret->headers = reader->headers;
    ret->body = text_string(&reader->body);
    ret->body_length = reader->body.length;
    ret->body_too_large = reader->body_too_large;
    ret->was_zipped = reader->unzipping;
    ret->odd_headers = complete && reader->odd_headers;
}

const char *http_response_header(const struct http_response *response, const char *name, size_t n)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0 && n-- == 0)
            return response->headers[i].value;
    return NULL;
}

static void refuse(struct http_reader *reader, const char *why)
{
    if (!reader->refusal)
        reader->refusal = why;
}

/* ---- the head ---- */

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* "HTTP/1.1 200 OK": three digits end with a blank or the line; the reason is not needed. */
static void read_status_line(struct http_reader *reader, const char *line)
{
    const char *status = strchr(line, ' ');

    if (strncmp(line, "HTTP/", 5) != 0 || !status) {
        refuse(reader, "not an HTTP response");
        return;
    }
    if (status != line + 8 || !isdigit((unsigned char)line[5]) || line[6] != '.' ||
        !isdigit((unsigned char)line[7])) {
        refuse(reader, "an HTTP version that is not two digits");
        return;
    }
    reader->before_1_1 = memcmp(line + 5, "1.1", 3) < 0;
    status += strspn(status, " ");
    if (strspn(status, "0123456789") != 3 || (status[3] && status[3] != ' ')) {
        refuse(reader, "a status that is not three digits");
        return;
    }
    reader->status = (unsigned)((status[0] - '0') * 100 + (status[1] - '0') * 10 + status[2] - '0');
    reader->state = READING_HEADER_LINE;
}

struct kept_header {
    const char *name;
    bool decides; /* the answer means something else without it */
};

/* Some part of the program reads these. */
static const struct kept_header *kept_header_of(const char *name, size_t length)
{
    static const struct kept_header kept[] = {
        {"content-length", true},
        {"content-type", false},
        {"date", false},
        {"docker-content-digest", true},
        {"docker-distribution-api-version", false},
        {"location", true},
        {"proxy-authenticate", false},
        {"retry-after", false},
        {"server", false},
        {"transfer-encoding", true},
        {"via", false},
        {"www-authenticate", true},
    };

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (strlen(kept[i].name) == length && strncasecmp(kept[i].name, name, length) == 0)
            return &kept[i];
    return NULL;
}

static void keep_header(struct http_reader *reader, const struct kept_header *kept,
                        const char *value)
{
    size_t length = strlen(value);
    struct http_header *header = &reader->headers[reader->header_count];

    if (reader->holds_cut || length > HTTP_MAX_HEADER_VALUE) {
        if (kept->decides)
            refuse(reader, "a header is longer than is read here");
        reader->no_memory |= kept->decides; /* it is the limit of this program, not of clients */
        return;
    }
    if (reader->header_count == HTTP_MAX_HEADERS || reader->kept_bytes + length > MAX_KEPT)
        return;
    *header = (struct http_header){kept->name, arena_copy_text(reader->arena, value)};
    reader->no_memory |= !header->value;
    reader->kept_bytes += length;
    reader->header_count++;
}

/* A number below 2^63. */
static bool parse_length(const char *text, uint64_t *ret)
{
    *ret = 0;
    for (; isdigit((unsigned char)*text); text++) {
        if (*ret > (INT64_MAX - (uint64_t)(*text - '0')) / 10)
            return false;
        *ret = *ret * 10 + (uint64_t)(*text - '0');
    }
    return *text == '\0';
}

/* Several lengths that are written in the same way are one. An empty one is none, as in Go up to
 * 1.21; newer ones refuse it (net/http, transfer.go). */
static void read_length(struct http_reader *reader, const char *value)
{
    reader->lengths_differ |= reader->length_text && strcmp(reader->length_text, value) != 0;
    if (!reader->length_text)
        reader->length_text = arena_copy_text(reader->arena, value);
    reader->odd_headers |= !*value;
    if (!*value)
        return;
    reader->length_is_bad |= !parse_length(value, &reader->length);
    reader->has_length = true;
}

static bool is_name(const char *name, size_t length, const char *wanted)
{
    return strlen(wanted) == length && strncasecmp(name, wanted, length) == 0;
}

/* Go 1.20 and newer refuse such a name or value (net/textproto, reader.go); older ones take it. */
static bool is_odd(const char *line, size_t name_length)
{
    static const char marks[] = " !#$%&'*+-.^_`|~";

    for (size_t i = 0; i < name_length; i++)
        if (!isalnum((unsigned char)line[i]) && !strchr(marks, line[i]))
            return true;
    for (const char *at = line + name_length; *at; at++)
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
            return true;
    return name_length == 0;
}

static void read_header(struct http_reader *reader, const char *line)
{
    size_t length = strcspn(line, ":");
    const char *value = line + length;

    if (!*value) {
        refuse(reader, "a header line without a colon");
        return;
    }
    reader->odd_headers |= is_odd(line, length);
    value = skip_blanks(value + 1);
    if (is_name(line, length, "content-length")) {
        read_length(reader, value);
    } else if (is_name(line, length, "transfer-encoding")) {
        reader->encodings++;
        reader->chunked = strcasecmp(value, "chunked") == 0;
    } else if (is_name(line, length, "content-encoding")) {
        reader->zipped |= !reader->has_coding && strcasecmp(value, "gzip") == 0;
        reader->has_coding = true;
    }
    const struct kept_header *kept = kept_header_of(line, length);
    if (kept)
        keep_header(reader, kept, value);
}

static void read_held(struct http_reader *reader)
{
    if (reader->holds)
        read_header(reader, text_string(&reader->held));
    reader->holds = false;
    text_clear(&reader->held);
}

static void trim_end(struct text *text)
{
    while (text->length && strchr(" \t", text->bytes[text->length - 1]))
        text->bytes[--text->length] = '\0';
}

/* ---- the end of the head ---- */

static bool has_no_body(const struct http_reader *reader)
{
    return reader->options.is_head || reader->status < 200 || reader->status == 204 ||
           reader->status == 304;
}

static bool is_chunked(const struct http_reader *reader)
{
    return reader->encodings && !reader->before_1_1;
}

/* Go 1.24 looks at a length where Go 1.19 needs none, too: beside chunks and without a body. */
static void check_framing(struct http_reader *reader)
{
    bool chunked = is_chunked(reader);
    bool needed = !chunked && (reader->options.is_head || !has_no_body(reader));

    if (chunked && (reader->encodings > 1 || !reader->chunked))
        refuse(reader, "a transfer encoding other than chunked");
    else if (!chunked && reader->lengths_differ)
        refuse(reader, "two different Content-Lengths");
    else if (needed && reader->length_is_bad)
        refuse(reader, "a Content-Length that is no number");
    reader->odd_headers |= reader->lengths_differ || reader->length_is_bad;
}

static void start_body(struct http_reader *reader)
{
    reader->left = reader->length;
    if (has_no_body(reader))
        reader->state = READING_DONE;
    else if (is_chunked(reader))
        reader->state = READING_CHUNK_SIZE;
    else if (!reader->has_length)
        reader->state = READING_TO_END;
    else
        reader->state = reader->length ? READING_LENGTH : READING_DONE;
    if (!reader->zipped || !reader->options.may_be_zip || reader->state == READING_DONE)
        return;
    reader->zip = (z_stream){.zalloc = zip_allocate, .zfree = zip_release};
    reader->unzipping = inflateInit2(&reader->zip, 16 + MAX_WBITS) == Z_OK; /* 16: a gzip header */
    reader->no_memory |= !reader->unzipping;
}

static void end_head(struct http_reader *reader)
{
    read_held(reader);
    check_framing(reader);
    if (reader->status >= 100 && reader->status < 200 && reader->options.is_connect) {
        reader->state = READING_DONE;
    } else if (reader->status == 101) {
        refuse(reader, "switches to a protocol that was not asked for");
    } else if (reader->status < 100) {
        refuse(reader, "a status that does not exist");
    } else if (reader->status < 200) {
        if (reader->informational++ == HTTP_MAX_INFORMATIONAL)
            refuse(reader, "too many informational answers");
        reader->header_count = reader->encodings = 0;
        reader->kept_bytes = 0;
        reader->has_length = reader->lengths_differ = reader->length_is_bad = false;
        reader->length_text = NULL;
        reader->has_coding = reader->zipped = false;
        reader->state = READING_STATUS_LINE;
    } else if (!reader->refusal) {
        start_body(reader);
    }
}

static void read_header_line(struct http_reader *reader, const char *line)
{
    if (!*line) {
        end_head(reader);
    } else if ((*line == ' ' || *line == '\t') && reader->holds) {
        text_append(&reader->held, " ");
        text_append(&reader->held, skip_blanks(line));
        reader->holds_cut |= reader->line_overflows;
    } else if (*line == ' ' || *line == '\t') {
        refuse(reader, "the first header line is a continuation");
    } else {
        read_held(reader);
        text_append(&reader->held, line);
        reader->holds = true;
        reader->holds_cut = reader->line_overflows;
    }
    reader->holds_cut |= text_truncated(&reader->held);
    trim_end(&reader->held);
}

/* ---- the body ---- */

static void keep_body(struct http_reader *reader, const char *bytes, size_t count)
{
    size_t room = reader->options.max_body - reader->body.length;
    size_t kept = count < room ? count : room;

    text_append_bytes(&reader->body, bytes, kept);
    if (text_truncated(&reader->body))
        reader->no_memory = true;
    else if (kept < count)
        reader->body_too_large = true;
}

/* Undoes one layer of gzip, member by member, and stops once the body is full. */
static void unzip(struct http_reader *reader, const char *bytes, size_t count)
{
    char step[UNZIP_STEP];
    z_stream *zip = &reader->zip;

    zip->next_in = (Bytef *)(uintptr_t)bytes;
    zip->avail_in = (uInt)count;
    reader->unzipped_from += count;
    while (zip->avail_in && !reader->body_too_large && !reader->no_memory && !reader->refusal) {
        if (reader->member_ended && inflateReset(zip) != Z_OK)
            reader->no_memory = true;
        zip->next_out = (Bytef *)step;
        zip->avail_out = sizeof(step);
        int status = inflate(zip, Z_NO_FLUSH);
        reader->member_ended = status == Z_STREAM_END;
        keep_body(reader, step, sizeof(step) - zip->avail_out);
        if (status == Z_MEM_ERROR)
            reader->no_memory = true;
        else if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            refuse(reader, "a body that is not the gzip it says it is");
    }
    explicit_bzero(step, sizeof(step));
    if (reader->unzipped_from > MAX_UNZIP)
        refuse(reader, "the answer is too long for its body");
}

static void take_body(struct http_reader *reader, const char *bytes, size_t count)
{
    if (reader->unzipping)
        unzip(reader, bytes, count);
    else
        keep_body(reader, bytes, count);
}

static void end_body(struct http_reader *reader)
{
    if (reader->unzipping && !reader->member_ended)
        refuse(reader, "a body whose gzip ends too early");
    reader->state = READING_DONE;
}

/* Go 1.24 limits what chunks have besides data: their lines, less 16 bytes for each. */
static void count_excess(struct http_reader *reader, size_t line_length)
{
    int64_t data = reader->left < MAX_EXCESS ? (int64_t)reader->left : MAX_EXCESS;

    reader->excess += (int64_t)line_length + 2 - 16 - 2 * data;
    if (reader->excess < 0)
        reader->excess = 0;
    reader->odd_headers |= reader->excess > MAX_EXCESS;
}

/* "1a;extension", or "1a" with blanks behind it. An empty size is 0 for Go 1.19, and newer versions
 * refuse it, as a CR before the end. */
static void read_chunk_size(struct http_reader *reader, const char *line)
{
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    const char *rest = line + digits;

    if (*rest != ';' && rest[strspn(rest, " \t\r")])
        refuse(reader, "a chunk size that is no number");
    if (digits > 16 || reader->line_overflows || reader->line.length > MAX_CHUNK_LINE)
        refuse(reader, "a chunk size that is too long");
    if (reader->refusal)
        return;
    reader->left = 0;
    for (size_t i = 0; i < digits; i++)
        reader->left = reader->left * 16 + (uint64_t)text_hex_digit(line[i]);
    reader->odd_headers |= !digits || strchr(line, '\r');
    count_excess(reader, strlen(line));
    reader->end_bytes = 0;
    reader->state = reader->left ? READING_CHUNK : READING_TRAILER;
}

/* ---- the trailer ---- */

/* CRLF, or header lines that end with an empty one, both ended by CRLF. */
static bool trailer_is_whole(const struct text *trailer)
{
    return text_ends_with(text_string(trailer), "\r\n\r\n") ||
           strcmp(text_string(trailer), "\r\n") == 0;
}

static bool trailer_is_good(const char *line)
{
    if (*line == ' ' || *line == '\t')
        return false;
    for (size_t length; (length = strcspn(line, "\n")) && *line != '\r'; line += length + 1)
        if (*line != ' ' && *line != '\t' && !memchr(line, ':', length))
            return false;
    return true;
}

static size_t read_trailer(struct http_reader *reader, const char *bytes, size_t count)
{
    size_t used = 0;

    while (used < count && !reader->refusal && reader->state == READING_TRAILER) {
        char byte = bytes[used++];
        text_append_bytes(&reader->line, byte ? &byte : " ", 1);
        if (trailer_is_whole(&reader->line) && trailer_is_good(text_string(&reader->line)))
            end_body(reader);
        else if (trailer_is_whole(&reader->line))
            refuse(reader, "a trailer that is no header");
        else if (reader->line.length > MAX_CHUNK_LINE)
            refuse(reader, "a trailer that is too long");
    }
    return used;
}

static void read_chunk_end(struct http_reader *reader, char byte)
{
    if (byte != "\r\n"[reader->end_bytes])
        refuse(reader, "a chunk that does not end where it should");
    else if (reader->end_bytes++)
        reader->state = READING_CHUNK_SIZE;
}

/* Takes as much of the body as `count` bytes hold; returns how many were used. */
static size_t read_body(struct http_reader *reader, const char *bytes, size_t count)
{
    if (reader->state != READING_TO_END && count > reader->left)
        count = (size_t)reader->left;
    take_body(reader, bytes, count);
    if (reader->state == READING_TO_END)
        return count;
    reader->left -= count;
    if (!reader->left && reader->state == READING_CHUNK)
        reader->state = READING_CHUNK_END;
    else if (!reader->left)
        end_body(reader);
    return count;
}

/* ---- bytes ---- */

static void line_complete(struct http_reader *reader)
{
    struct text *line = &reader->line;

    if (line->length && line->bytes[line->length - 1] == '\r')
        line->bytes[--line->length] = '\0';
    else
        reader->odd_headers |= reader->state == READING_CHUNK_SIZE;
    if (reader->state == READING_STATUS_LINE)
        read_status_line(reader, text_string(line));
    else if (reader->state == READING_HEADER_LINE)
        read_header_line(reader, text_string(line));
    else
        read_chunk_size(reader, text_string(line));
    reader->line_overflows = false;
    text_clear(line);
}

/* Takes bytes up to the end of the line; returns how many were used. */
static size_t read_line_bytes(struct http_reader *reader, const char *bytes, size_t count)
{
    const char *end = memchr(bytes, '\n', count);
    size_t length = end ? (size_t)(end - bytes) : count;
    size_t room = MAX_LINE - reader->line.length;

    if (reader->state <= READING_HEADER_LINE)
        reader->head_bytes += length + 1;
    reader->line_overflows |= length > room;
    for (size_t i = 0, from = 0; i <= length && from < room; i++)
        if (i == length || !bytes[i]) { /* a NUL would end the string for its readers */
            size_t upto = i < room ? i : room;
            text_append_bytes(&reader->line, bytes + from, upto - from);
            if (i < length && i < room) {
                text_append(&reader->line, " ");
                reader->odd_headers |= reader->state <= READING_HEADER_LINE;
            }
            from = i + 1;
        }
    if (reader->state == READING_STATUS_LINE &&
        strncmp(text_string(&reader->line), "HTTP/",
                reader->line.length < 5 ? reader->line.length : 5))
        refuse(reader, "not an HTTP response");
    if (reader->head_bytes > HTTP_MAX_HEADER_BYTES)
        refuse(reader, "the headers are too long");
    if (!end)
        return count;
    line_complete(reader);
    return length + 1;
}

static enum http_reading reading_of(const struct http_reader *reader)
{
    if (reader->no_memory)
        return HTTP_NO_MEMORY;
    if (reader->refusal)
        return HTTP_REFUSED;
    return reader->state == READING_DONE || reader->body_too_large ? HTTP_READ : HTTP_READING;
}

enum http_reading http_reader_feed(struct http_reader *reader, const char *bytes, size_t count)
{
    uint64_t failures = memory_failures();

    for (size_t used = 0; used < count && reading_of(reader) == HTTP_READING;) {
        switch (reader->state) {
        case READING_STATUS_LINE:
        case READING_HEADER_LINE:
        case READING_CHUNK_SIZE:
            used += read_line_bytes(reader, bytes + used, count - used);
            break;
        case READING_LENGTH:
        case READING_TO_END:
        case READING_CHUNK:
            used += read_body(reader, bytes + used, count - used);
            break;
        case READING_CHUNK_END:
            read_chunk_end(reader, bytes[used++]);
            break;
        case READING_TRAILER:
            used += read_trailer(reader, bytes + used, count - used);
            break;
        case READING_DONE:
            break;
        }
        reader->no_memory |= memory_failures() != failures;
    }
    return reading_of(reader);
}

enum http_reading http_reader_end(struct http_reader *reader)
{
    if (reader->state == READING_TO_END)
        end_body(reader);
    else if (reader->state == READING_TRAILER)
        refuse(reader, "chunks that end without an empty line");
    return reading_of(reader);
}
