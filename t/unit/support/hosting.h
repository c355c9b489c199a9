/* SPDX-License-Identifier: Apache-2.0
 * Two hosts, a and b, that declare apps and share a database: the tables of hosts and declarations in
 * memory, beside those of fake_store.h, in place of store/declaration.h; and dygw_declare_apps, which
 * only counts. For the tests of gateway/apps/hosts.h. */
#ifndef HOSTING_H
#define HOSTING_H

#include "fake_world.h"
#include "own_pool.h"

#include "gateway/apps/hosts.h"

#define HOSTED 4
#define SECRET "a-secret-of-the-till" /* of each app that is declared */

/* The row of a host, and what it declares. */
typedef struct hosted_t {
    const char *host; /* NULL: free */
    const char *digest;
    dygw_ms_t until; /* by the steady clock */
    apr_array_header_t *declarations;
} hosted_t;

extern hosted_t hosted[HOSTED];

/* NULL: there is none; made when there is none; how long it is live yet, in ms. */
hosted_t *host_row(const char *host);
hosted_t *host_make_row(const char *host);
dygw_ms_t host_left(const hosted_t *row);

/* How often each was done, and what the store, and dygw_declare_apps, end with. */
extern int hosts_declares, hosts_renewals, hosts_mirrored, hosts_erased, hosts_forgotten;
extern apr_status_t hosts_store_fails, hosts_mirror_fails;
/* What another host does just before the holders of an app are counted. */
extern void (*hosts_before_holders)(void);

/* The steady clock, which stands still; and the version of the apps that the hosts are told of. */
extern apr_time_t hosts_steady;
void pass_sec(int seconds);
extern apr_int64_t hosts_version;

/* A host: a gateway, and what its background keeps. */
typedef struct site_t {
    dygw_gateway_t gateway;
    dygw_host_t host;
    dygw_hosts_t hosts;
    dygw_declared_t *declared;
} site_t;

extern site_t *a, *b;

/* In place of make_pool. */
int set_up_hosts(void **state);
site_t *make_site(const dygw_gateway_t *like, const char *host);

/* Declares an app; the test changes it before the host's first turn. */
dygw_declared_app_t *declare(site_t *site, const char *code);

void turn(site_t *site);
void lead(site_t *site);
/* Both hosts, for so long; a leads. */
void both_for_sec(int seconds);
/* httpd is started anew with what is declared now. */
void reload(site_t *site);

/* What its metrics say. */
apr_int64_t differences(const site_t *site);

#endif
