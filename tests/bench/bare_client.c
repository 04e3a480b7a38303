/*
 * The floor that the bench compares with: what OpenSSL itself costs. COUNT times, one after the
 * other, with one shared SSL_CTX: connect, handshake with SNI and verification, GET /v2/, read to
 * the end. No resolver, no event loop, no evidence.
 *
 *   bare_client ADDRESS PORT NAME CA_FILE COUNT     prints the CPU microseconds of one
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static double cpu_microseconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int ask(SSL_CTX *context, const struct sockaddr_in *server, const char *name)
{
    char request[512];
    char answer[4096];
    int got = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL *ssl = SSL_new(context);

    snprintf(request, sizeof(request), "GET /v2/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
             name);
    if (connect(fd, (const struct sockaddr *)server, sizeof(*server)) == 0 &&
        SSL_set_fd(ssl, fd) == 1 && SSL_set1_host(ssl, name) == 1 &&
        SSL_set_tlsext_host_name(ssl, (void *)(uintptr_t)name) == 1 && SSL_connect(ssl) == 1 &&
        SSL_write(ssl, request, (int)strlen(request)) > 0) {
        while (SSL_read(ssl, answer, sizeof(answer)) > 0)
            got = 1;
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    close(fd);
    return got;
}

int main(int count, char **arguments)
{
    struct sockaddr_in server = {.sin_family = AF_INET};
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (count != 6 || inet_pton(AF_INET, arguments[1], &server.sin_addr) != 1) {
        fprintf(stderr, "usage: bare_client ADDRESS PORT NAME CA_FILE COUNT\n");
        return 3;
    }
    server.sin_port = htons((uint16_t)atoi(arguments[2]));
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_load_verify_file(context, arguments[4]) != 1 ||
        !ask(context, &server, arguments[3])) {
        fprintf(stderr, "bare_client: no answer\n");
        return 1;
    }
    long runs = atol(arguments[5]);
    double before = cpu_microseconds();
    for (long i = 0; i < runs; i++)
        if (!ask(context, &server, arguments[3]))
            return 1;
    printf("%.1f\n", (cpu_microseconds() - before) / (double)runs);
    SSL_CTX_free(context);
    return 0;
}
