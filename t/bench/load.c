/* SPDX-License-Identifier: Apache-2.0
 * A load generator that signs: wrk and ab cannot, since every request needs a nonce of its own.
 *
 *   load [-r RATE] PORT CONNECTIONS REQUESTS METHOD TARGET [CODES POI]
 *
 * All requests are built and signed before the first is sent, so that what is measured is the
 * server and one epoll loop. The app's key and secret are in DYGW_CLIENT_KEY and DYGW_SECRET; no
 * key: the requests are not signed. With CODES, a file of one coupon code a line, each request
 * redeems the next one at the store POI, and its answer has to say `success`. With -r so many
 * requests a second are sent, at even distances, and each when its time has come, or as soon as a
 * connection is free then; without it, a connection sends its next request at once.
 * Prints name=value lines: requests, failed, seconds, per_second, p50_ms, p99_ms, max_ms.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <apr_general.h>

#include "util/crypto.h"

#define ANSWER_MAX 65536
#define CODE_MAX   32
#define TEXT_MAX   1024

typedef struct request_t {
    char *text;
    size_t len;
} request_t;

typedef struct connection_t {
    int fd;
    const request_t *request;
    size_t sent;
    size_t received;
    double began;
    char answer[ANSWER_MAX + 1];
} connection_t;

typedef struct load_t {
    int port;
    int connections;
    int requests;
    double rate; /* a second; 0: as fast as it goes */
    double began;
    const char *method;
    const char *target;
    const char *poi;
    FILE *codes;
    request_t *list;
    double *latency; /* s, one a finished request */
    int started;
    int finished;
    int failed;
    int epoll;
} load_t;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static void *room_for(size_t count, size_t size)
{
    void *room = calloc(count, size);

    if (!room) {
        die("calloc");
    }
    return room;
}

/* --- building requests --- */

static int next_body(load_t *load, char *body)
{
    char code[CODE_MAX];

    *body = '\0';
    if (!load->codes) {
        return 0;
    }
    if (!fgets(code, sizeof code, load->codes)) {
        fprintf(stderr, "there are fewer codes than requests\n");
        exit(2);
    }
    code[strcspn(code, "\r\n")] = '\0';
    return snprintf(body, TEXT_MAX, "{\"poi_id\":\"%s\",\"code\":\"%s\"}", load->poi, code);
}

/* The four headers, for the string of the contract. */
static void sign(const load_t *load, int number, const char *body, int len, char *headers)
{
    static char run[9];
    const char *key = getenv("DYGW_CLIENT_KEY");
    const char *secret = getenv("DYGW_SECRET");
    char text[2 * TEXT_MAX], hash[DYGW_SHA256_HEX_LEN + 1], signature[DYGW_SHA256_HEX_LEN + 1];
    long timestamp = (long)time(NULL);
    int n;

    *headers = '\0';
    if (!key || !secret) {
        return;
    }
    if (!*run) {
        snprintf(run, sizeof run, "%08lx", (unsigned long)(now() * 1e6) & 0xffffffffUL);
    }
    dygw_sha256_hex(body, (apr_size_t)len, hash);
    n = snprintf(text, sizeof text, "%s\n%s\n%ld\nload-%s-%010d\n%s\n", load->method, load->target, timestamp, run,
                 number, hash);
    if (dygw_hmac_sha256_hex(secret, strlen(secret), text, (apr_size_t)n, signature) != APR_SUCCESS) {
        die("hmac");
    }
    snprintf(headers, TEXT_MAX,
             "X-Client-Key: %s\r\nX-Timestamp: %ld\r\nX-Nonce: load-%s-%010d\r\n"
             "X-Signature: %s\r\n",
             key, timestamp, run, number, signature);
}

static void build(load_t *load, int number)
{
    char body[TEXT_MAX], headers[TEXT_MAX], text[3 * TEXT_MAX];
    int len = next_body(load, body);
    int n;

    sign(load, number, body, len, headers);
    n = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s", load->method, load->target,
                 load->port, headers);
    if (len > 0) {
        n += snprintf(text + n, sizeof text - (size_t)n, "Content-Type: application/json\r\nContent-Length: %d\r\n",
                      len);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "\r\n%s", body);
    load->list[number].text = strdup(text);
    load->list[number].len = (size_t)n;
}

/* --- sending and receiving --- */

static void watch(const load_t *load, connection_t *c)
{
    struct sockaddr_in address
        = { .sin_family = AF_INET, .sin_port = htons((uint16_t)load->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
    int on = 1;

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        die("connect");
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static void send_next(load_t *load, connection_t *c)
{
    if (load->started == load->requests) {
        c->request = NULL;
        return;
    }
    c->request = &load->list[load->started++];
    c->received = 0;
    c->began = now();
    /* Small enough for an empty socket buffer, always. */
    if (write(c->fd, c->request->text, c->request->len) != (ssize_t)c->request->len) {
        die("write");
    }
}

/* After an answer: the next request, unless that waits for its time. */
static void go_on(load_t *load, connection_t *c)
{
    if (load->rate > 0) {
        c->request = NULL;
        return;
    }
    send_next(load, c);
}

/* The whole length of the answer, 0 while its head is not there. */
static size_t answer_length(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    const char *length = end ? strcasestr(answer, "\r\nContent-Length:") : NULL;

    if (!end) {
        return 0;
    }
    return (size_t)(end + 4 - answer) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

static int is_good(const load_t *load, const char *answer)
{
    return strncmp(answer, "HTTP/1.1 200", 12) == 0
           && (!load->codes || strstr(answer, "\"verify_status\":\"success\""));
}

static void finish(load_t *load, connection_t *c)
{
    load->latency[load->finished++] = now() - c->began;
    if (!is_good(load, c->answer) && load->failed++ == 0) {
        fprintf(stderr, "the first failure:\n%s\n", c->answer);
    }
    if (strcasestr(c->answer, "\r\nConnection: close")) {
        close(c->fd);
        watch(load, c);
    }
    go_on(load, c);
}

static void receive(load_t *load, connection_t *c)
{
    ssize_t n = read(c->fd, c->answer + c->received, ANSWER_MAX - c->received);

    if (n <= 0) {
        if (!c->request) {
            close(c->fd);
            if (load->started < load->requests) {
                watch(load, c);
            }
            return;
        }
        load->failed++;
        load->latency[load->finished++] = now() - c->began;
        close(c->fd);
        watch(load, c);
        go_on(load, c);
        return;
    }
    c->received += (size_t)n;
    c->answer[c->received] = '\0';
    if (c->request) {
        size_t length = answer_length(c->answer);

        if (length > 0 && c->received >= length) {
            finish(load, c);
        }
    }
}

/* When the next request is due, by now(). */
static double next_due(const load_t *load)
{
    return load->began + load->started / load->rate;
}

/* Sends what is due on connections that are free. Returns how long there is time until more is, in
 * ms. */
static int send_due(load_t *load, connection_t *connections)
{
    int i;

    for (i = 0; i < load->connections && load->started < load->requests && next_due(load) <= now(); i++) {
        if (!connections[i].request) {
            send_next(load, &connections[i]);
        }
    }
    if (load->started == load->requests || next_due(load) <= now()) {
        return 60000;
    }
    return (int)((next_due(load) - now()) * 1000) + 1;
}

static void run(load_t *load, connection_t *connections)
{
    struct epoll_event events[64];
    int i, n;

    for (i = 0; i < load->connections && load->rate <= 0; i++) {
        send_next(load, &connections[i]);
    }
    while (load->finished < load->requests) {
        int wait = load->rate > 0 ? send_due(load, connections) : 60000;

        n = epoll_wait(load->epoll, events, 64, wait);
        if (n < 0 || (n == 0 && wait == 60000)) {
            die("no answer for a minute");
        }
        for (i = 0; i < n; i++) {
            receive(load, events[i].data.ptr);
        }
    }
}

/* --- figures --- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_figures(load_t *load, double seconds)
{
    int last = load->finished - 1;

    qsort(load->latency, (size_t)load->finished, sizeof *load->latency, compare);
    printf("requests=%d\nfailed=%d\nseconds=%.3f\nper_second=%.0f\n", load->finished, load->failed, seconds,
           load->finished / seconds);
    printf("p50_ms=%.3f\np99_ms=%.3f\nmax_ms=%.3f\n", load->latency[last / 2] * 1000,
           load->latency[(int)(last * 0.99)] * 1000, load->latency[last] * 1000);
}

int main(int argc, char **argv)
{
    load_t load = { 0 };
    connection_t *connections;
    int i;

    if (argc > 2 && strcmp(argv[1], "-r") == 0) {
        load.rate = strtod(argv[2], NULL);
        argc -= 2;
        argv += 2;
    }
    if (argc != 6 && argc != 8) {
        fprintf(stderr, "usage: load [-r RATE] PORT CONNECTIONS REQUESTS METHOD TARGET [CODES POI]\n");
        return 2;
    }
    apr_initialize();
    load.port = atoi(argv[1]);
    load.connections = atoi(argv[2]);
    load.requests = atoi(argv[3]);
    load.method = argv[4];
    load.target = argv[5];
    if (argc == 8 && !(load.codes = fopen(argv[6], "r"))) {
        die(argv[6]);
    }
    load.poi = argc == 8 ? argv[7] : NULL;
    load.epoll = epoll_create1(0);
    load.list = room_for((size_t)load.requests, sizeof *load.list);
    load.latency = room_for((size_t)load.requests, sizeof *load.latency);
    connections = room_for((size_t)load.connections, sizeof *connections);
    for (i = 0; i < load.requests; i++) {
        build(&load, i);
    }
    for (i = 0; i < load.connections; i++) {
        watch(&load, &connections[i]);
    }
    load.began = now();
    run(&load, connections);
    print_figures(&load, now() - load.began);
    apr_terminate();
    return load.failed ? 1 : 0;
}
