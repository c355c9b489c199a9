/* SPDX-License-Identifier: Apache-2.0
 * The scripted server: one thread accepts connections, and each connection has a thread of its own. */
#include "loopback.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define MAX_CONNECTIONS 512
#define MAX_REQUESTS    1024
#define MAX_REQUEST_LEN 65536
#define STEP_US         5000
#define PATIENCE_STEPS  2000

typedef struct connection_t {
    loopback_t *server;
    pthread_t thread;
    int fd;
} connection_t;

struct loopback_t {
    const loopback_step_t *steps;
    int step_count;
    int fd;
    int port;
    pthread_t thread;
    pthread_mutex_t mutex;
    int stopping;
    int next_step;
    connection_t connections[MAX_CONNECTIONS];
    int connection_count;
    char *requests[MAX_REQUESTS];
    int request_count;
};

static void die(const char *what)
{
    perror(what);
    abort();
}

/* --- one connection --- */

static size_t body_len(const char *head)
{
    const char *header = strstr(head, "Content-Length:");

    return header ? strtoul(header + strlen("Content-Length:"), NULL, 10) : 0;
}

/* A whole request; NULL when the client has gone. */
static char *read_request(int fd)
{
    char *text = calloc(1, MAX_REQUEST_LEN);
    size_t len = 0, wanted = 0;

    if (!text) {
        die("calloc");
    }
    while (len < MAX_REQUEST_LEN - 1 && (wanted == 0 || len < wanted)) {
        ssize_t n = recv(fd, text + len, MAX_REQUEST_LEN - 1 - len, 0);
        const char *end;

        if (n <= 0) {
            free(text);
            return NULL;
        }
        len += (size_t)n;
        end = strstr(text, "\r\n\r\n");
        if (end) {
            wanted = (size_t)(end - text) + 4 + body_len(text);
        }
    }
    return text;
}

static void send_all(int fd, const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n <= 0) {
            return;
        }
        text += n;
        len -= (size_t)n;
    }
}

static loopback_step_t take_step(loopback_t *server)
{
    loopback_step_t step;

    pthread_mutex_lock(&server->mutex);
    step = server->steps[server->next_step];
    if (server->next_step < server->step_count - 1) {
        server->next_step++;
    }
    pthread_mutex_unlock(&server->mutex);
    return step;
}

static void remember(loopback_t *server, char *request)
{
    pthread_mutex_lock(&server->mutex);
    if (server->request_count == MAX_REQUESTS) {
        die("too many requests");
    }
    server->requests[server->request_count++] = request;
    pthread_mutex_unlock(&server->mutex);
}

/* Whether the connection is to be kept. */
static int serve_one(loopback_t *server, int fd)
{
    loopback_step_t step;
    char *request;
    char byte;

    if (recv(fd, &byte, 1, MSG_PEEK) <= 0) {
        return 0;
    }
    step = take_step(server);
    if (step.how == LOOPBACK_DROP_UNREAD) {
        return 0;
    }
    request = read_request(fd);
    if (!request) {
        return 0;
    }
    remember(server, request);
    if (step.how == LOOPBACK_ANSWER_IN_PAIRS) {
        loopback_await(server, 2);
    }
    if (step.how == LOOPBACK_ANSWER_THIRD) {
        loopback_await(server, 3);
    }
    if (step.how == LOOPBACK_ANSWER_LATE) {
        usleep(LOOPBACK_DELAY_MS * 1000);
    }
    if (step.text) {
        send_all(fd, step.text);
    }
    if (step.how == LOOPBACK_LEAVE) {
        shutdown(server->fd, SHUT_RDWR);
    }
    if (step.how == LOOPBACK_HANG) {
        while (recv(fd, &byte, 1, 0) > 0) {}
    }
    return step.how == LOOPBACK_ANSWER || step.how == LOOPBACK_ANSWER_IN_PAIRS || step.how == LOOPBACK_ANSWER_THIRD
           || step.how == LOOPBACK_ANSWER_LATE;
}

static void *serve(void *baton)
{
    connection_t *connection = baton;
    loopback_t *server = connection->server;

    while (serve_one(server, connection->fd)) {}
    pthread_mutex_lock(&server->mutex);
    close(connection->fd);
    connection->fd = -1;
    pthread_mutex_unlock(&server->mutex);
    return NULL;
}

/* --- the server --- */

static void add_connection(loopback_t *server, int fd)
{
    pthread_mutex_lock(&server->mutex);
    if (server->stopping || server->connection_count == MAX_CONNECTIONS) {
        close(fd);
    }
    else {
        connection_t *connection = &server->connections[server->connection_count++];

        connection->server = server;
        connection->fd = fd;
        if (pthread_create(&connection->thread, NULL, serve, connection) != 0) {
            die("pthread_create");
        }
    }
    pthread_mutex_unlock(&server->mutex);
}

static void *accept_all(void *baton)
{
    loopback_t *server = baton;
    int fd;

    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        add_connection(server, fd);
    }
    return NULL;
}

static int bind_loopback(int *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0
        || getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        die("bind");
    }
    *port = ntohs(address.sin_port);
    return fd;
}

loopback_t *loopback_start(const loopback_step_t *steps, int count)
{
    loopback_t *server = calloc(1, sizeof(*server));

    if (!server) {
        die("calloc");
    }
    server->steps = steps;
    server->step_count = count;
    server->fd = bind_loopback(&server->port);
    if (listen(server->fd, MAX_CONNECTIONS) != 0 || pthread_mutex_init(&server->mutex, NULL) != 0
        || pthread_create(&server->thread, NULL, accept_all, server) != 0) {
        die("listen");
    }
    return server;
}

void loopback_stop(loopback_t *server)
{
    int i;

    pthread_mutex_lock(&server->mutex);
    server->stopping = 1;
    shutdown(server->fd, SHUT_RDWR);
    for (i = 0; i < server->connection_count; i++) {
        if (server->connections[i].fd >= 0) {
            shutdown(server->connections[i].fd, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&server->mutex);
    pthread_join(server->thread, NULL);
    for (i = 0; i < server->connection_count; i++) {
        pthread_join(server->connections[i].thread, NULL);
    }
    close(server->fd);
    for (i = 0; i < server->request_count; i++) {
        free(server->requests[i]);
    }
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

int loopback_port(const loopback_t *server)
{
    return server->port;
}

static int locked(loopback_t *server, const int *number)
{
    int copy;

    pthread_mutex_lock(&server->mutex);
    copy = *number;
    pthread_mutex_unlock(&server->mutex);
    return copy;
}

int loopback_connections(loopback_t *server)
{
    return locked(server, &server->connection_count);
}

int loopback_requests(loopback_t *server)
{
    return locked(server, &server->request_count);
}

const char *loopback_request(loopback_t *server, int i)
{
    return i >= 0 && i < loopback_requests(server) ? server->requests[i] : NULL;
}

int loopback_await(loopback_t *server, int count)
{
    for (int step = 0; step < PATIENCE_STEPS; step++) {
        if (loopback_requests(server) >= count) {
            return 1;
        }
        usleep(STEP_US);
    }
    return 0;
}

static int open_connections(loopback_t *server)
{
    int count = 0;

    pthread_mutex_lock(&server->mutex);
    for (int i = 0; i < server->connection_count; i++) {
        count += server->connections[i].fd >= 0;
    }
    pthread_mutex_unlock(&server->mutex);
    return count;
}

int loopback_await_open(loopback_t *server, int count)
{
    for (int step = 0; step < PATIENCE_STEPS; step++) {
        if (open_connections(server) == count) {
            return 1;
        }
        usleep(STEP_US);
    }
    return 0;
}

int loopback_free_port(void)
{
    int port;

    close(bind_loopback(&port));
    return port;
}
