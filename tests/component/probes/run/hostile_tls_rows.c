/* SPDX-License-Identifier: MIT */
#include "hostile_tls.h"

#define YEAR (365L * 24 * 3600)

#define OK      "ok_private"
#define FAILED  "tls_handshake_failed"
#define DIFFER  "clients_differ"
#define STALLED "tls_timeout"
#define CLOSED  "tls_connection_closed"
#define PLAIN   "tls_plain_http"

#define RAW(text)   .bytes = (text), .length = sizeof(text) - 1
#define ALERT(code) RAW("\x15\x03\x03\x00\x02\x02" code), .end = THEN_END
/* A ServerHello: version, session id with its length, cipher suite, compression. */
#define ZEROS_32 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define HELLO(version, suite, compression) \
    RAW("\x16\x03\x03\x00\x2a\x02\0\0\x26" version ZEROS_32 "\0" suite compression), .end = THEN_END

/* clang-format off */
const struct hostile_tls_row hostile_tls_rows[] = {
    {"a good one", OK, .end = THEN_END},
    {"silence", STALLED, RAW(""), .end = THEN_SILENCE},
    {"the end at once", CLOSED, RAW(""), .end = THEN_END},
    {"a reset at once", CLOSED, RAW(""), .end = THEN_RESET},
    {"a byte and silence", STALLED, RAW("\x16"), .end = THEN_SILENCE},
    {"a byte and the end", CLOSED, RAW("\x16"), .end = THEN_END},
    {"a byte and a reset", CLOSED, RAW("\x16"), .end = THEN_RESET},

    /* every alert there is (RFC 8446 6, and those of older versions) */
    {"close_notify", CLOSED, RAW("\x15\x03\x03\x00\x02\x01\x00"), .end = THEN_END},
    {"unexpected_message", FAILED, ALERT("\x0a")},
    {"bad_record_mac", FAILED, ALERT("\x14")},
    {"decryption_failed", FAILED, ALERT("\x15")},
    {"record_overflow", FAILED, ALERT("\x16")},
    {"decompression_failure", FAILED, ALERT("\x1e")},
    {"handshake_failure", FAILED, ALERT("\x28")},
    {"no_certificate", FAILED, ALERT("\x29")},
    {"bad_certificate", FAILED, ALERT("\x2a")},
    {"unsupported_certificate", FAILED, ALERT("\x2b")},
    {"certificate_revoked", FAILED, ALERT("\x2c")},
    {"certificate_expired", FAILED, ALERT("\x2d")},
    {"certificate_unknown", FAILED, ALERT("\x2e")},
    {"illegal_parameter", FAILED, ALERT("\x2f")},
    {"unknown_ca", FAILED, ALERT("\x30")},
    {"access_denied", FAILED, ALERT("\x31")},
    {"decode_error", FAILED, ALERT("\x32")},
    {"decrypt_error", FAILED, ALERT("\x33")},
    {"export_restriction", FAILED, ALERT("\x3c")},
    {"protocol_version", FAILED, ALERT("\x46")},
    {"insufficient_security", FAILED, ALERT("\x47")},
    {"internal_error", FAILED, ALERT("\x50")},
    {"inappropriate_fallback", FAILED, ALERT("\x56")},
    {"user_canceled", FAILED, ALERT("\x5a")},
    {"no_renegotiation", FAILED, ALERT("\x64")},
    {"missing_extension", FAILED, ALERT("\x6d")},
    {"unsupported_extension", FAILED, ALERT("\x6e")},
    {"unrecognized_name", FAILED, ALERT("\x70")},
    {"bad_certificate_status_response", FAILED, ALERT("\x71")},
    {"unknown_psk_identity", FAILED, ALERT("\x73")},
    {"certificate_required", FAILED, ALERT("\x74")},
    {"no_application_protocol", FAILED, ALERT("\x78")},
    {"alert 255", FAILED, ALERT("\xff")},
    {"half an alert", CLOSED, RAW("\x15\x03\x03\x00\x02\x02"), .end = THEN_END},
    {"an alert of one byte", FAILED, RAW("\x15\x03\x03\x00\x01\x02"), .end = THEN_END},
    {"an alert of no level", FAILED, RAW("\x15\x03\x03\x00\x02\x09\x28"), .end = THEN_END},
    {"thousands of warnings", FAILED, RAW("\x15\x03\x03\x00\x02\x01\x64"), .times = 20000},

    /* something else than TLS */
    {"HTTP", PLAIN, RAW("HTTP/1.1 400 Bad Request\r\n\r\n"), .end = THEN_END},
    {"HTTP/2", FAILED, RAW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), .end = THEN_END},
    {"SSH", FAILED, RAW("SSH-2.0-OpenSSH_9.2\r\n")},
    {"SMTP", FAILED, RAW("220 mail.example ESMTP\r\n")},
    {"MySQL", FAILED, RAW("\x4a\0\0\0\x0a" "8.0.33\0")},
    {"Redis", FAILED, RAW("-ERR Protocol error\r\n"), .end = THEN_END},
    {"SSL 2", FAILED, RAW("\x80\x2e\x04\x00\x01\x00\x02"), .end = THEN_END},
    {"zeros without end", FAILED, RAW(ZEROS_32), .times = 100000},
    {"escapes", FAILED, RAW("\x1b[2J\x1b]0;x\x07\r\n\x9b" "31m"), .end = THEN_END},
    {"HTTP/ and no more", STALLED, RAW("HTT")},

    /* records (RFC 8446 5.1) */
    {"half a header", STALLED, RAW("\x16\x03")},
    {"a header alone", STALLED, RAW("\x16\x03\x03\x10\x00")},
    {"a header and the end", CLOSED, RAW("\x16\x03\x03\x10\x00"), .end = THEN_END},
    {"a header and a reset", CLOSED, RAW("\x16\x03\x03\x10\x00"), .end = THEN_RESET},
    {"a record of 65535 bytes", FAILED, RAW("\x16\x03\x03\xff\xff\x02"), .end = THEN_END},
    {"a record of SSL 3", FAILED, RAW("\x16\x03\x00\x00\x04\x0e\0\0\0"), .end = THEN_END},
    {"a record of version 2.0", FAILED, RAW("\x16\x02\x00\x00\x04\x0e\0\0\0"), .end = THEN_END},
    {"a record of version 3.9", FAILED, RAW("\x16\x03\x09\x00\x04\x0e\0\0\0"), .end = THEN_END},
    {"an empty record", CLOSED, RAW("\x16\x03\x03\x00\x00"), .end = THEN_END},
    {"thousands of empty records", FAILED, RAW("\x16\x03\x03\x00\x00"), .times = 20000},
    {"empty records of data", FAILED, RAW("\x17\x03\x03\x00\x00"), .times = 20000},
    {"data first", FAILED, RAW("\x17\x03\x03\x00\x05hello"), .end = THEN_END},
    {"a heartbeat first", FAILED, RAW("\x18\x03\x03\x00\x03\x01\x40\x00"), .end = THEN_END},
    {"a cipher change first", FAILED, RAW("\x14\x03\x03\x00\x01\x01"), .end = THEN_END},
    {"thousands of cipher changes", FAILED, RAW("\x14\x03\x03\x00\x01\x01"), .times = 20000},
    {"a record of type 99", FAILED, RAW("\x63\x03\x03\x00\x01\x01"), .end = THEN_END},

    /* messages of the handshake */
    {"a HelloRequest", STALLED, RAW("\x16\x03\x03\x00\x04\0\0\0\0")},
    {"thousands of HelloRequests", STALLED, RAW("\x16\x03\x03\x00\x04\0\0\0\0"), .times = 20000},
    {"a ClientHello", FAILED, RAW("\x16\x03\x03\x00\x04\x01\0\0\0"), .end = THEN_END},
    {"a Certificate first", FAILED, RAW("\x16\x03\x03\x00\x07\x0b\0\0\x03\0\0\0"), .end = THEN_END},
    {"a ServerHelloDone first", FAILED, RAW("\x16\x03\x03\x00\x04\x0e\0\0\0"), .end = THEN_END},
    {"a message of type 255", FAILED, RAW("\x16\x03\x03\x00\x04\xff\0\0\0"), .end = THEN_END},
    {"a message of 16 MB", FAILED, RAW("\x16\x03\x03\x00\x04\x02\xff\xff\xff"), .end = THEN_END},
    {"an empty ServerHello", FAILED, RAW("\x16\x03\x03\x00\x04\x02\0\0\0"), .end = THEN_END},
    {"a ServerHello of no cipher", FAILED, HELLO("\x03\x03", "\0\0", "\0")},
    {"... of a cipher not offered", FAILED, HELLO("\x03\x03", "\x00\x04", "\0")},
    {"... of TLS 1.3's cipher in 1.2", FAILED, HELLO("\x03\x03", "\x13\x01", "\0")},
    {"... of SSL 3", FAILED, HELLO("\x03\x00", "\x00\x2f", "\0")},
    {"... of TLS 1.1", FAILED, HELLO("\x03\x02", "\x00\x2f", "\0")},
    {"... of TLS 1.4", FAILED, HELLO("\x03\x05", "\x13\x01", "\0")},
    {"... with compression", FAILED, HELLO("\x03\x03", "\xc0\x2f", "\1")},

    /* a real handshake, and something about it */
    {"only TLS 1.2", OK, .version = TLS1_2_VERSION},
    {"only TLS 1.1", FAILED, .certificate = {.max_version = TLS1_1_VERSION}},
    {"only TLS 1.0", FAILED, .certificate = {.max_version = TLS1_VERSION}},
    {"three bytes a millisecond", OK, .chunk = 3, .version = TLS1_2_VERSION},
    {"seven bytes a millisecond", OK, .chunk = 7},
    {"records of 512 bytes", OK, .small_records = true, .names = 100},
    {"records of 512 bytes, 20 bytes a millisecond", OK, .small_records = true, .names = 20,
     .chunk = 20},
    {"16 KiB of names", OK, .names = 500},
    {"60 KiB of names", OK, .names = 1650},
    {"90 KiB of names", DIFFER, .names = 2500}, /* older containerd reads 64 KiB */
    {"more than 100 KiB of names", FAILED, .names = 4000},
    {"100 certificates", OK, .chain = 99},
    {"120 certificates", OK, .chain = 119},
    {"600 certificates", FAILED, .chain = 600},
    {"a HelloRequest after the handshake", "ok_private http_invalid", .version = TLS1_2_VERSION,
     .turn = TURN_HELLO_REQUEST},
    {"20 KeyUpdates", OK, .turn = TURN_KEY_UPDATES, .version = TLS1_3_VERSION},
    {"100 session tickets", OK, .tickets = 100},
    {"no goodbye", OK, .turn = TURN_WITHOUT_GOODBYE},
    {"asks for a certificate, 1.3", "http_invalid", .asks_for_certificate = true},
    {"asks for a certificate, 1.2", FAILED, .asks_for_certificate = true,
     .version = TLS1_2_VERSION},
    {"its own issuer", "tls_untrusted_issuer", .certificate = {.self_signed = true}},
    {"an unknown issuer", "tls_untrusted_issuer", .certificate = {.unknown_ca = true}},
    {"an unknown issuer, sent along", "tls_untrusted_issuer", .chain = 1,
     .certificate = {.unknown_ca = true}},
    {"another name", "tls_name_mismatch", .certificate = {.names = "DNS:other.example"}},
    {"a name with a NUL", "tls_name_mismatch",
     .certificate = {.names = "DNS:other.example", .common_name = "registry.example"}},
    {"a name above", "tls_name_mismatch", .certificate = {.names = "DNS:*.registry.example"}},
    {"a star of everything", "tls_name_mismatch", .certificate = {.names = "DNS:*"}},
    {"half a star", "tls_name_mismatch", .certificate = {.names = "DNS:reg*.example"}},
    {"no name", "tls_name_mismatch", .certificate = {.names = ""}},
    {"an expired one", "tls_certificate_expired",
     .certificate = {.from_seconds = -2 * YEAR, .until_seconds = -YEAR}},
    {"one of next year", "tls_certificate_not_yet_valid",
     .certificate = {.from_seconds = YEAR, .until_seconds = 2 * YEAR}},
};
/* clang-format on */
const size_t hostile_tls_row_count = sizeof(hostile_tls_rows) / sizeof(hostile_tls_rows[0]);
