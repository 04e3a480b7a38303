/* SPDX-License-Identifier: MIT */
/*
 * The floor that the bench compares with: the cost of OpenSSL itself, because it has no resolver,
 * no event loop and no evidence. It does, COUNT times one after the other and with one shared
 * SSL_CTX: connect, handshake with SNI and verification, GET /v2/, read to the end.
 *
 *   bare_client ADDRESS PORT NAME CA_FILE COUNT [RATE]     prints the CPU microseconds of one
 *
 * With RATE, so many begin each second, so that the processor's caches are as cold as a daemon's.
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
#include <time.h>
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

/* Sleeps until start `number`, counted from the first call. */
static void await_turn(long number, double rate)
{
    static struct timespec begin;
    struct timespec turn;

    if (number == 0)
        clock_gettime(CLOCK_MONOTONIC, &begin);
    if (rate <= 0)
        return;
    double after = (double)begin.tv_nsec / 1e9 + (double)number / rate;
    turn.tv_sec = begin.tv_sec + (time_t)after;
    turn.tv_nsec = (long)((after - (double)(time_t)after) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &turn, NULL) != 0)
        continue;
}

int main(int count, char **arguments)
{
    struct sockaddr_in server = {.sin_family = AF_INET};
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if ((count != 6 && count != 7) || inet_pton(AF_INET, arguments[1], &server.sin_addr) != 1) {
        fprintf(stderr, "usage: bare_client ADDRESS PORT NAME CA_FILE COUNT [RATE]\n");
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
    double rate = count == 7 ? atof(arguments[6]) : 0;
    double before = cpu_microseconds();
    for (long i = 0; i < runs; i++) {
        await_turn(i, rate);
        if (!ask(context, &server, arguments[3]))
            return 1;
    }
    printf("%.1f\n", (cpu_microseconds() - before) / (double)runs);
    SSL_CTX_free(context);
    return 0;
}
