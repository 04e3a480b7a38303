/* SPDX-License-Identifier: MIT */
#include "probes/transport/tls_failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "config/base/text.h"
#include "probes/transport/socket_error.h"

/* ---- certificates ---- */

static const struct {
    int error;
    enum tls_defect defect;
} verify_errors[] = {
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, DEFECT_SELF_SIGNED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, DEFECT_UNTRUSTED_ISSUER},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, DEFECT_UNTRUSTED_ISSUER},
    {X509_V_ERR_CERT_HAS_EXPIRED, DEFECT_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, DEFECT_NOT_YET_VALID},
    {X509_V_ERR_CA_MD_TOO_WEAK, DEFECT_WEAK},
    {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, DEFECT_WEAK},
};

unsigned tls_failure_defect(int verify_error)
{
    if (verify_error == X509_V_OK)
        return 0;
    for (size_t i = 0; i < sizeof(verify_errors) / sizeof(verify_errors[0]); i++)
        if (verify_errors[i].error == verify_error)
            return verify_errors[i].defect;
    return DEFECT_OTHER;
}

enum tls_outcome tls_failure_of_defects(unsigned defects)
{
    static const struct {
        enum tls_defect defect;
        enum tls_outcome outcome;
    } order[TLS_DEFECT_COUNT] = {
        {DEFECT_SELF_SIGNED, TLS_SELF_SIGNED},     {DEFECT_UNTRUSTED_ISSUER, TLS_UNTRUSTED_ISSUER},
        {DEFECT_NAME_MISMATCH, TLS_NAME_MISMATCH}, {DEFECT_EXPIRED, TLS_EXPIRED},
        {DEFECT_NOT_YET_VALID, TLS_NOT_YET_VALID}, {DEFECT_WEAK, TLS_UNSUPPORTED_PROTOCOL},
        {DEFECT_OTHER, TLS_INVALID_CERTIFICATE},
    };

    for (size_t i = 0; i < TLS_DEFECT_COUNT; i++)
        if (defects & order[i].defect)
            return order[i].outcome;
    return TLS_OK;
}

/* ---- the handshake ---- */

static bool is_unsupported(int reason)
{
    static const int reasons[] = {
        SSL_R_UNSUPPORTED_PROTOCOL,
        SSL_R_UNSUPPORTED_SSL_VERSION,
        SSL_R_WRONG_SSL_VERSION,
        SSL_R_WRONG_VERSION_NUMBER,
        SSL_R_VERSION_TOO_LOW,
        SSL_R_UNKNOWN_SSL_VERSION,
        SSL_R_WRONG_CIPHER_RETURNED,
        SSL_R_UNKNOWN_CIPHER_RETURNED,
        SSL_R_DH_KEY_TOO_SMALL,
        SSL_R_EE_KEY_TOO_SMALL,
        SSL_R_WRONG_SIGNATURE_TYPE,
        SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED,
        SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED,
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i] == reason)
            return true;
    return false;
}

/* Record content types 20 to 24, and major version 3, which all of TLS shares (RFC 8446 5.1). */
static bool looks_like_tls(const struct socket_bio *state)
{
    return state->first_count == 0 || (state->first[0] >= 20 && state->first[0] <= 24 &&
                                       (state->first_count == 1 || state->first[1] == 3));
}

static void classify_foreign(struct socket_bio *state, struct arena *arena,
                             struct tls_evidence *result)
{
    struct text text = TEXT_WITH_LIMIT(EVIDENCE_MAX_TEXT);

    socket_bio_read_first(state);
    result->outcome = TLS_NOT_TLS;
    if (state->first_count >= 5 && memcmp(state->first, "HTTP/", 5) == 0)
        result->outcome = TLS_PLAIN_HTTP;
    text_append_peer(&text, state->first, state->first_count, SOCKET_BIO_FIRST_BYTES);
    if (state->first_count == SOCKET_BIO_FIRST_BYTES)
        text_append(&text, "...");
    result->detail = arena_copy_text(arena, text_string(&text));
    text_free(&text);
}

static void classify_socket_error(int error, struct arena *arena, struct tls_evidence *result)
{
    result->detail = arena_copy_text(arena, strerror(error));
    switch (socket_error_of(error)) {
    case SOCKET_ERROR_RESET:
        result->outcome = TLS_RESET;
        break;
    case SOCKET_ERROR_NETWORK:
        result->outcome = TLS_TIMEOUT;
        break;
    case SOCKET_ERROR_PASSING:
    case SOCKET_ERROR_LOCAL:
        result->outcome = TLS_LOCAL;
        break;
    }
}

/* The first error is the cause, and later ones only passed it on. If memory ran short anywhere, no
 * error of the queue says anything about the peer. */
static unsigned long take_errors(bool *ret_memory)
{
    unsigned long first = 0;
    unsigned long code;

    *ret_memory = false;
    while ((code = ERR_get_error())) {
        if (!first)
            first = code;
        if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
            *ret_memory = true;
    }
    return first;
}

static void classify_reason(unsigned long code, struct arena *arena, struct tls_evidence *result)
{
    int reason = ERR_GET_REASON(code);
    int library = ERR_GET_LIB(code);
    const char *text = ERR_reason_error_string(code);

    if (library == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET &&
        reason <= SSL_AD_REASON_OFFSET + 255) {
        int alert = reason - SSL_AD_REASON_OFFSET;
        result->outcome = alert == TLS1_AD_PROTOCOL_VERSION ? TLS_UNSUPPORTED_PROTOCOL : TLS_ALERT;
        result->detail =
            arena_format(arena, "%s (alert %d)", SSL_alert_desc_string_long(alert), alert);
        return;
    }
    if (library == ERR_LIB_SSL && is_unsupported(reason))
        result->outcome = TLS_UNSUPPORTED_PROTOCOL;
    else if (library == ERR_LIB_ASN1 || library == ERR_LIB_X509 || library == ERR_LIB_X509V3 ||
             (library == ERR_LIB_SSL && reason == SSL_R_EXCESSIVE_MESSAGE_SIZE))
        result->outcome = TLS_INVALID_CERTIFICATE;
    else
        result->outcome = TLS_NOT_TLS;
    result->detail = text ? text : "the handshake broke a rule of TLS";
}

void tls_failure_classify(int ssl_error, struct socket_bio *state, struct arena *arena,
                          struct tls_evidence *result)
{
    bool memory;
    unsigned long code = take_errors(&memory);

    if (memory) {
        result->outcome = TLS_LOCAL;
        result->detail = "memory is short";
    } else if (!looks_like_tls(state)) {
        classify_foreign(state, arena, result);
    } else if (code && ERR_GET_LIB(code) == ERR_LIB_SSL &&
               ERR_GET_REASON(code) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        classify_reason(code, arena, result);
    } else if (state->error) {
        classify_socket_error(state->error, arena, result);
    } else if (state->ended || ssl_error == SSL_ERROR_ZERO_RETURN) {
        result->outcome = TLS_EOF;
    } else if (code) {
        classify_reason(code, arena, result);
    } else {
        result->outcome = TLS_LOCAL;
        result->detail = "OpenSSL failed without a reason";
    }
}
