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
    const char *handler; /* of ours; NULL: it is not for one, or that is not known yet */
} place_t;

static place_t *place_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &dygw_module);
}

/* --- which place --- */

/* The path of a request; also of one that was refused before httpd had understood its first line.
 */
static const char *path_of(const request_rec *r)
{
    const char *path = r->uri || !r->the_request ? r->uri : strchr(r->the_request, ' ');

    return !path || r->uri ? path : apr_pstrndup(r->pool, path + 1, strcspn(path + 1, " ?"));
}

static const core_dir_config *section_of(const request_rec *r)
{
    const char *path = path_of(r);
    int len;

    return path ? dygw_route_section(r, path, &len) : NULL;
}

/* The handler of ours that a request did not get to; NULL: it was for none. */
static const char *missed_handler(request_rec *r)
{
    const place_t *place = place_of(r);
    const core_dir_config *section = place && place->handler ? NULL : section_of(r);
    const char *handler = section ? dygw_route_handler(r, section) : NULL;

    if (place && place->handler) {
        return place->handler;
    }
    return dygw_dispatch_knows(handler) && !r->proxyreq ? handler : NULL;
}

/* --- no file --- */

/* translate_name, first of all: what is looked up as a file, for a list say, does not come here. */
static int note_path(request_rec *r)
{
    ap_set_module_config(r->request_config, &dygw_module, apr_pcalloc(r->pool, sizeof(place_t)));
    return DECLINED;
}

static const char *merged_handler(request_rec *r, const core_dir_config **core)
{
    *core = ap_get_core_module_config(r->per_dir_config);
    return dygw_route_handler(r, *core);
}

/* The handler that httpd is going to take, by the sections; *core: all of them, merged as they are
 * merged again later. A RewriteRule of the server with [H=...] goes before them: mod_rewrite keeps
 * that in this note. */
static const char *handler_to_come(request_rec *r, const core_dir_config **core)
{
    ap_conf_vector_t *per_dir = r->per_dir_config;
    const char *handler = apr_table_get(r->notes, "rewrite-forced-handler");

    if (!handler && ap_location_walk(r) == OK) {
        handler = merged_handler(r, core);
    }
    /* An <If> may take it away again; it does not bring one that works. */
    if (dygw_dispatch_knows(handler)) {
        handler = ap_if_walk(r) == OK ? merged_handler(r, core) : NULL;
    }
    r->per_dir_config = per_dir;
    return handler;
}

/* --- what httpd refuses --- */

static const int refused[] = {
    HTTP_BAD_REQUEST,
    HTTP_UNAUTHORIZED,
    HTTP_FORBIDDEN,
    HTTP_NOT_FOUND,
    HTTP_METHOD_NOT_ALLOWED,
    HTTP_NOT_ACCEPTABLE,
    HTTP_REQUEST_TIME_OUT,
    HTTP_GONE,
    HTTP_LENGTH_REQUIRED,
    HTTP_PRECONDITION_FAILED,
    HTTP_REQUEST_ENTITY_TOO_LARGE,
    HTTP_REQUEST_URI_TOO_LARGE,
    HTTP_UNSUPPORTED_MEDIA_TYPE,
    HTTP_EXPECTATION_FAILED,
    HTTP_UPGRADE_REQUIRED,
    HTTP_TOO_MANY_REQUESTS,
    HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
    HTTP_INTERNAL_SERVER_ERROR,
    HTTP_NOT_IMPLEMENTED,
    HTTP_BAD_GATEWAY,
    HTTP_SERVICE_UNAVAILABLE,
    HTTP_GATEWAY_TIME_OUT,
};

static int has_document(const core_dir_config *core, int status)
{
    int index = ap_index_of_response(status);

    return core && core->response_code_exprs
           && apr_hash_get(core->response_code_exprs, &index, sizeof index);
}

/* Where httpd sees a text for this request, it does not go to a page; the text is replaced later.
 */
static void keep_documents_out(request_rec *r, const core_dir_config *core)
{
    const core_dir_config *section = core->response_code_exprs ? section_of(r) : NULL;

    for (size_t i = 0; core->response_code_exprs && i < sizeof refused / sizeof *refused; i++) {
        if (has_document(core, refused[i]) && !has_document(section, refused[i])) {
            ap_custom_response(r, refused[i], "refused");
        }
    }
}

/* The handler of ours whose form a refusal of httpd's has to have; NULL: none. */
static const char *refusing_handler(request_rec *r)
{
    return ap_is_HTTP_ERROR(r->status) && !has_document(section_of(r), r->status)
               ? missed_handler(r)
               : NULL;
}

/* quick_handler: a page for an error that was made before the place of its request was known. The
 * error goes back, for httpd to write it itself. */
static int refuse_document(request_rec *r, DYGW_UNUSED int lookup)
{
    return r->prev && refusing_handler(r->prev) ? r->prev->status : DECLINED;
}

static int has_end(const apr_bucket_brigade *brigade)
{
    const apr_bucket *bucket = APR_BRIGADE_FIRST(brigade);

    while (bucket != APR_BRIGADE_SENTINEL(brigade) && !APR_BUCKET_IS_EOS(bucket)) {
        bucket = APR_BUCKET_NEXT(bucket);
    }
    return bucket != APR_BRIGADE_SENTINEL(brigade);
}

/* The output filter of an error: httpd's page is passed over, ours is passed on. */
static apr_status_t replace_page(ap_filter_t *filter, apr_bucket_brigade *page)
{
    dygw_call_t call = { 0 };
    int is_whole = has_end(page);
    apr_status_t rv;

    apr_brigade_cleanup(page);
    if (!is_whole) {
        return APR_SUCCESS;
    }
    dygw_dispatch_begin(&call, filter->ctx, filter->r);
    dygw_leave_body(&call);
    page = dygw_reply_refused(&call);
    ap_remove_output_filter(filter);
    rv = ap_pass_brigade(filter->next, page);
    dygw_drop_body(&call);
    return rv;
}

static ap_filter_rec_t *page_filter;

static void insert_page_filter(request_rec *r)
{
    const char *handler = refusing_handler(r);

    if (handler) {
        ap_add_output_filter_handle(page_filter, (void *)handler, r, r->connection);
    }
}

/* --- the hooks --- */

/* map_to_storage, before httpd's own, which looks for a file; and which answers TRACE, with all
 * headers, whatever the handler would say. */
static int keep_out_of_storage(request_rec *r)
{
    place_t *place = place_of(r);
    const core_dir_config *core = NULL;
    const char *handler = place && !r->proxyreq ? handler_to_come(r, &core) : NULL;

    if (!place || !core || !dygw_dispatch_knows(handler)) {
        return DECLINED;
    }
    if (r->method_number == M_TRACE) {
        r->handler = handler;
        dygw_dispatch(r);
        return DONE;
    }
    place->handler = handler;
    r->filename = apr_pstrcat(r->pool, handler, ":", r->uri, NULL);
    keep_documents_out(r, core);
    return OK;
}

/* type_checker, before all that tell types, languages, encodings and handlers by the name of a
 * file. */
static int keep_out_of_types(request_rec *r)
{
    const place_t *place = place_of(r);

    return place && place->handler ? OK : DECLINED;
}

void dygw_threshold_register(void)
{
    ap_hook_translate_name(note_path, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(keep_out_of_storage, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_type_checker(keep_out_of_types, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_quick_handler(refuse_document, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_insert_error_filter(insert_page_filter, NULL, NULL, APR_HOOK_FIRST);
    page_filter = ap_register_output_filter("dygw-refusal", replace_page, NULL, AP_FTYPE_RESOURCE);
}
