/*
 * api.c: an API request from its path to its envelope.
 *
 * Stays true: every answer below /open_api/ is HTTP 200 with a code in its
 * envelope; the path must match to the last slash; the token is checked before
 * any parameter.
 */
#include "server.h"
#include "quota.h"

#include <stdio.h>

static Endpoint endpoints[] = {
	{"oauth2/access_token/", "POST", false, serve_access_token, NULL},
	{"oauth2/advertiser/get/", "GET", true, serve_advertisers, NULL},
	{"advertiser/info/", "GET", true, serve_advertiser_info, NULL},
	{"campaign/get/", "GET", true, serve_campaigns, NULL},
	{"adgroup/get/", "GET", true, serve_adgroups, NULL},
	{"ad/get/", "GET", true, serve_ads, NULL},
	{"report/integrated/get/", "GET", true, serve_report, NULL},
	{"report/task/create/", "POST", true, serve_task_create, NULL},
	{"report/task/check/", "GET", true, serve_task_check, NULL},
	{"report/task/download/", "GET", true, serve_task_download, NULL},
	{"smart_plus/campaign/get/", "GET", true, serve_list, NULL},
	{"smart_plus/adgroup/get/", "GET", true, serve_list, NULL},
	{"smart_plus/ad/get/", "GET", true, serve_list, NULL},
	{"campaign/spc/get/", "GET", true, serve_list, NULL},
	{"gmv_max/campaign/get/", "GET", true, serve_list, NULL},
	{"gmv_max/store/list/", "GET", true, serve_list, NULL},
	{"gmv_max/report/get/", "GET", true, serve_gmv_report, NULL},
	{"pixel/list/", "GET", true, serve_list, NULL},
	{"dmp/custom_audience/list/", "GET", true, serve_list, NULL},
	{"file/video/ad/search/", "GET", true, serve_list, NULL},
	{"file/image/ad/search/", "GET", true, serve_list, NULL},
	{"file/music/get/", "GET", true, serve_list, NULL},
	{"creative/portfolio/list/", "GET", true, serve_list, NULL},
	{"identity/get/", "GET", true, serve_list, NULL},
	{"tool/region/", "GET", true, serve_list, NULL},
	{"tool/language/", "GET", true, serve_list, NULL},
	{"tool/interest_category/", "GET", true, serve_list, NULL},
};

static uint64 answers;

/* Gives every endpoint its quota. */
void
endpoints_prepare(void)
{
	int			i;

	for (i = 0; i < COUNT_OF(endpoints); i++)
		endpoints[i].quota = quota_create(endpoints[i].path);
}

/* Finds an endpoint by path and method, NULL when there is none. */
const Endpoint *
endpoint_find(const char *path, const char *method)
{
	int			i;

	for (i = 0; i < COUNT_OF(endpoints); i++)
		if (strcmp(endpoints[i].path, path) == 0 && strcmp(endpoints[i].method, method) == 0)
			return &endpoints[i];
	return NULL;
}

/* Tells whether the request's token belongs to the app. */
bool
token_known(const Request *request)
{
	if (!request->endpoint->needs_token)
		return true;
	return request->token != NULL && strcmp(request->token, credentials.token) == 0;
}

/* Checks the token. */
static int
check_token(Request *request)
{
	if (!request->endpoint->needs_token)
		return 0;
	if (request->token == NULL || *request->token == '\0')
		return fail(request, 40104, "Access token is empty, set header Access-Token.");
	if (credentials.expired && token_known(request))
		return fail(request, 40102, "Access token is expired.");
	if (credentials.revoked || !token_known(request))
		return fail(request, 40105, "Access token is incorrect or has been revoked.");
	return 0;
}

/* Writes the end of every envelope: an id as the API makes them. */
static void
put_request_id(Buffer *out, int64 now)
{
	char		text[20];
	int			i;

	time_format(now, text);
	put_text(out, "\"request_id\":\"");
	for (i = 0; text[i]; i++)
		if (text[i] >= '0' && text[i] <= '9')
			put_bytes(out, &text[i], 1);
	put_format(out, "%020llX\"", (unsigned long long) mix64(world.seed + __atomic_add_fetch(&answers, 1, __ATOMIC_RELAXED)));
}

/* Runs an endpoint between the envelope's head and tail. */
static void
serve_endpoint(Request *request, Buffer *out)
{
	put_text(out, request->twist & TWIST_PARTIAL ? "{\"code\":20001,\"message\":\"Partial success\"," : "{\"code\":0,\"message\":\"OK\",");
	put_request_id(out, request->now);
	put_text(out, ",\"data\":{");
	pthread_rwlock_rdlock(&world.lock);
	if (check_token(request) == 0)
		request->code = request->endpoint->serve(request, out);
	pthread_rwlock_unlock(&world.lock);
	put_text(out, "}}");
}

/* Writes the whole reply of an API request. */
void
api_answer(Request *request, Buffer *out)
{
	if (request->endpoint == NULL)
		fail(request, 40400, "Route not found: %.200s", request->path);
	else if (request->code == 0)
		serve_endpoint(request, out);
	if (request->code == 0)
		return;
	out->len = 0;
	request->rows = 0;
	put_format(out, "{\"code\":%d,\"message\":", request->code);
	put_json(out, request->message);
	put_text(out, ",");
	put_request_id(out, request->now);
	put_text(out, ",\"data\":{}}");
}
