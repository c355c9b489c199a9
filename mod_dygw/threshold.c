/* SPDX-License-Identifier: Apache-2.0
 * Before the handler: a place of ours is no file, and what httpd refuses there is refused in our
 * form.
 *
 * Httpd looks for a file for each request, and takes what it finds on the way there: <Directory>,
 * <Files> and .htaccess with a site's rewriting and access rules, a directory of the same name, a
 * name that is spelled alike. None of it is meant for our places, and most of it takes them away.
 * So there is no such search (map_to_storage, type_checker): what holds for them stands in
 * <Location>, <If> and the server, and that is decided as ever, with all that comes after.
 *
 * An error that httpd makes by itself, because of Require say, has its page replaced by ours when
 * the page is written (insert_error_filter). The ErrorDocument of a site would go another way: it
 * is put out of force for our places, unless it stands in their very <Location>. */
#include "threshold.h"

#include <string.h>

#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include <apr_strings.h>

#include "dispatch.h"
#include "handle/route.h"
#include "util/compiler.h"

/* What is known of a request; in its request_config. */
typedef struct place_t {
    int by_uri;  /* it has a path of its own; a look-up of a file, for a list say, has none */
    int is_ours; /* it is for a handler of ours */
} place_t;

static place_t *place_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &dygw_module);
}

/* --- no file --- */

/* translate_name, first of all: what is looked up as a file does not come here. */
static int note_path(request_rec *r)
{
    place_t *place = apr_pcalloc(r->pool, sizeof *place);

    place->by_uri = 1;
    ap_set_module_config(r->request_config, &dygw_module, place);
    return DECLINED;
}

/* The handler that httpd is going to take: by the sections, as they are merged again later; before
 * them by a RewriteRule of the server with [H=...], which is set aside by mod_rewrite in this note.
 */
static const char *handler_to_come(request_rec *r)
{
    ap_conf_vector_t *per_dir = r->per_dir_config;
    const char *handler = apr_table_get(r->notes, "rewrite-forced-handler");

    if (!handler && ap_location_walk(r) == OK && ap_if_walk(r) == OK) {
        handler = dygw_route_handler(r);
    }
    r->per_dir_config = per_dir;
    return handler;
}

/* map_to_storage, before httpd's own, which looks for a file; and which answers TRACE, with all
 * headers, whatever the handler would say. */
static int keep_out_of_storage(request_rec *r)
{
    place_t *place = place_of(r);
    const char *handler = place && place->by_uri && !r->proxyreq ? handler_to_come(r) : NULL;

    if (!dygw_dispatch_knows(handler)) {
        return DECLINED;
    }
    if (r->method_number == M_TRACE) {
        r->handler = handler;
        dygw_dispatch(r);
        return DONE;
    }
    place->is_ours = 1;
    r->filename = apr_pstrcat(r->pool, handler, ":", r->uri, NULL);
    return OK;
}

/* type_checker, before all that tell types, languages, encodings and handlers by the name of a
 * file. */
static int keep_out_of_types(request_rec *r)
{
    const place_t *place = place_of(r);

    return place && place->is_ours ? OK : DECLINED;
}

void dygw_threshold_register(void)
{
    ap_hook_translate_name(note_path, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(keep_out_of_storage, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_type_checker(keep_out_of_types, NULL, NULL, APR_HOOK_REALLY_FIRST);
}
