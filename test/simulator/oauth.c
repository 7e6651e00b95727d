/*
 * oauth.c: serves oauth2/access_token and oauth2/advertiser/get.
 *
 * Stays true: an auth code is good once; secrets are compared whole and never
 * appear in a message.
 */
#include "json.h"
#include "options.h"
#include "request.h"

Credentials credentials;
static pthread_mutex_t exchange_lock = PTHREAD_MUTEX_INITIALIZER;

/* Gives a member's text, whether it is a string or a number. */
static const char *
member_text(const Json *body, const char *name)
{
	const Json *member = json_member(body, name);

	return member && (member->kind == JSON_STRING || member->kind == JSON_NUMBER) ? member->text : NULL;
}

/* Writes the ids of the ad accounts that the token may read. */
static void
put_ids(Buffer *out)
{
	const char *comma = "";
	int			i;

	put_text(out, "\"advertiser_ids\":[");
	for (i = 0; i < world.advertisers; i++)
	{
		if (!world.advertiser[i]->readable)
			continue;
		put_format(out, "%s\"%lld\"", comma, (long long) world.advertiser[i]->id);
		comma = ",";
	}
	put_text(out, "],");
}

/* Checks the members of a token exchange. */
static int
check_exchange(Request *request, const Json *body)
{
	static const char *const required[] = {"app_id", "secret", "auth_code"};
	const Json *item;
	int			i;

	for (item = body->child; item != NULL; item = item->next)
		if (!choice_known("app_id|secret|auth_code|return_advertiser_ids|grant_type", item->name))
			return fail(request, 40002, "%.100s: Unknown field.", item->name);
	for (i = 0; i < COUNT_OF(required); i++)
		if (member_text(body, required[i]) == NULL)
			return fail(request, 40002, "%s: Missing data for required field.", required[i]);
	if (strcmp(member_text(body, "app_id"), options.app_id) != 0)
		return fail(request, 40113, "App is forbidden or does not exist.");
	if (strcmp(member_text(body, "secret"), options.secret) != 0)
		return fail(request, 40101, "App secret is incorrect.");
	if (credentials.auth_code[0] == '\0' || strcmp(member_text(body, "auth_code"), credentials.auth_code) != 0)
		return fail(request, 40110, "Auth_code is invalid, expired or already used.");
	return 0;
}

/* Serves oauth2/access_token/. */
int
serve_access_token(Request *request, Buffer *out)
{
	Json	   *body;
	int			code;

	if (request->param_count > 0)
		return fail(request, 40002, "%.100s: Unknown field.", request->params[0].name);
	if (request->content_type == NULL || strncmp(request->content_type, "application/json", 16) != 0)
		return fail(request, 40002, "Content-Type must be application/json.");
	put_bytes(request->body, "", 1);
	body = json_parse(request->body->data);
	if (body == NULL || body->kind != JSON_OBJECT)
	{
		json_free(body);
		return fail(request, 40002, "Request body must be a JSON object.");
	}
	pthread_mutex_lock(&exchange_lock);
	code = check_exchange(request, body);
	if (code == 0)
		credentials.auth_code[0] = '\0';
	pthread_mutex_unlock(&exchange_lock);
	if (code == 0)
	{
		put_text(out, "\"access_token\":");
		put_json(out, credentials.token);
		put_text(out, ",");
		put_ids(out);
		put_text(out, "\"scope\":[1,2,3,4,6,7,8,9]");
	}
	json_free(body);
	return code;
}

/* Serves oauth2/advertiser/get/. */
int
serve_advertisers(Request *request, Buffer *out)
{
	static const ParamRule rules[] = {
		{"app_id", PARAM_TEXT, true, 0, 0, NULL},
		{"secret", PARAM_TEXT, true, 0, 0, NULL},
	};
	const char *comma = "";
	int			i;

	if (strcmp(options.tier, "sandbox") == 0)
		return fail(request, 40009, "This endpoint is not supported in sandbox.");
	if (params_check(request, rules, COUNT_OF(rules)))
		return request->code;
	if (strcmp(param(request, "app_id"), options.app_id) != 0)
		return fail(request, 40113, "App is forbidden or does not exist.");
	if (strcmp(param(request, "secret"), options.secret) != 0)
		return fail(request, 40101, "App secret is incorrect.");
	put_text(out, "\"list\":[");
	for (i = 0; i < world.advertisers; i++)
	{
		const Advertiser *adv = world.advertiser[i];

		if (!adv->readable)
			continue;
		put_format(out, "%s{\"advertiser_id\":\"%lld\",\"advertiser_name\":", comma, (long long) adv->id);
		put_json(out, adv->name);
		put_text(out, "}");
		comma = ",";
		request->rows++;
	}
	put_text(out, "]");
	return 0;
}
