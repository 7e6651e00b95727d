/*
 * control.c: the endpoint /control: moves the clock, changes the world, causes
 * faults, tells what clients did.
 *
 * Stays true: a call is checked before any verb of it acts: an unknown name or
 * a malformed value changes nothing; verbs act in the order of the table.
 */
#include "server.h"
#include "incident.h"
#include "options.h"
#include "quota.h"
#include "task.h"

#include <stdio.h>
#include <stdlib.h>

typedef enum ArgumentKind
{
	ARGUMENT_NONE, ARGUMENT_TEXT, ARGUMENT_NUMBER, ARGUMENT_TIME, ARGUMENT_DATE, ARGUMENT_ID
} ArgumentKind;

typedef const char *(*Verb) (const Request *request, const char *value, Buffer *out);

/* Forgets faults and lets stalled requests go. */
static const char *
verb_clear(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) value, (void) out;
	fault_clear();
	park_release(false);
	return NULL;
}

/* Gives a number argument of a verb. */
static int64
number_argument(const Request *request, const char *name, int64 otherwise)
{
	const char *text = param(request, name);

	return text ? strtoll(text, NULL, 10) : otherwise;
}

/* Adds a fault. */
static const char *
verb_fault(const Request *request, const char *value, Buffer *out)
{
	Fault		fault = {
		.advertiser_id = number_argument(request, "advertiser", 0),
		.page = number_argument(request, "page", 0),
		.count = number_argument(request, "count", 1),
		.skip = number_argument(request, "skip", 0),
		.percent = number_argument(request, "percent", 100),
		.code = number_argument(request, "code", 0),
		.megabytes = number_argument(request, "mb", 64),
		.rate = number_argument(request, "rate", 100),
		.retry_after = number_argument(request, "retry_after", -1),
	};

	(void) out;
	if (fault.megabytes < 1 || fault.megabytes > 4096 || fault.rate < 1 || fault.percent < 0 || fault.percent > 100)
		return "mb must be 1 to 4096, rate at least 1, percent 0 to 100";
	snprintf(fault.path, sizeof(fault.path), "%s", param(request, "path") ? param(request, "path") : "");
	snprintf(fault.message, sizeof(fault.message), "%s", param(request, "message") ? param(request, "message") : "");
	return fault_add(value, &fault);
}

/* Sets the clock. */
static const char *
verb_clock(const Request *request, const char *value, Buffer *out)
{
	int64		target;

	(void) request, (void) out;
	time_parse(value, &target);
	if (target < clock_now())
		quota_forget();
	clock_shift(target - clock_now());
	return NULL;
}

/* Moves the clock. */
static const char *
verb_advance(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	if (*value == '-')
		quota_forget();
	clock_shift(strtoll(value, NULL, 10));
	return NULL;
}

/* Makes the token unknown. */
static const char *
verb_revoke_token(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) value, (void) out;
	credentials.revoked = true;
	return NULL;
}

/* Makes the token expire. */
static const char *
verb_expire_token(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) value, (void) out;
	credentials.expired = true;
	return NULL;
}

/* Sets the token that is good from now on. */
static const char *
verb_token(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	snprintf(credentials.token, sizeof(credentials.token), "%s", value);
	credentials.revoked = credentials.expired = false;
	return NULL;
}

/* Sets the auth code that is good once. */
static const char *
verb_auth_code(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	snprintf(credentials.auth_code, sizeof(credentials.auth_code), "%s", value);
	return NULL;
}

/* Lets the token read an ad account, or not. */
static const char *
set_readable(const char *value, bool readable)
{
	Advertiser *adv = world_find(strtoll(value, NULL, 10));

	if (adv == NULL)
		return "no such advertiser";
	adv->readable = readable;
	return NULL;
}

/* Takes an ad account away from the token. */
static const char *
verb_hide_advertiser(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	return set_readable(value, false);
}

/* Gives an ad account back to the token. */
static const char *
verb_show_advertiser(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	return set_readable(value, true);
}

/* Makes a new ad account. */
static const char *
verb_add_advertiser(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) value;
	if (world.advertisers == world.id_stride)
		return "too many advertisers";
	put_format(out, ",\"advertiser_id\":\"%lld\"", (long long) world_add_advertiser()->id);
	return NULL;
}

/* Deletes a campaign, ad group or ad, now. */
static const char *
verb_delete(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	return world_delete(strtoll(value, NULL, 10), clock_now(), false) ? NULL : "no such entity";
}

/* Makes an entity vanish from all lists and reports. */
static const char *
verb_vanish(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	return world_delete(strtoll(value, NULL, 10), clock_now(), true) ? NULL : "no such entity";
}

/* Makes a share of all ads vanish. */
static const char *
verb_shrink(const Request *request, const char *value, Buffer *out)
{
	(void) request;
	put_format(out, ",\"vanished\":%d", world_shrink(atoi(value)));
	return NULL;
}

/* Multiplies the numbers of some days. */
static const char *
verb_restate(const Request *request, const char *value, Buffer *out)
{
	Restatement *r = &world.restatement[world.restatements];

	(void) out;
	if (world.restatements == MAX_RESTATEMENTS)
		return "too many restatements";
	r->percent = atoi(value);
	r->advertiser_id = number_argument(request, "advertiser", 0);
	r->from = INT32_MIN;
	r->to = INT32_MAX;
	if (param(request, "from"))
		date_parse(param(request, "from"), &r->from);
	if (param(request, "to"))
		date_parse(param(request, "to"), &r->to);
	if (r->percent < 0 || r->percent > 1000)
		return "restate takes 0 to 1000 percent";
	world.restatements++;
	world.version++;
	return NULL;
}

/* Plants an incident. */
static const char *
verb_incident(const Request *request, const char *value, Buffer *out)
{
	int			from = INT32_MIN,
				to = INT32_MAX;

	(void) out;
	if (param(request, "from"))
		date_parse(param(request, "from"), &from);
	if (param(request, "to"))
		date_parse(param(request, "to"), &to);
	return incident_plant(value, number_argument(request, "entity", 0), from, to, (int) number_argument(request, "hour", 0));
}

/* Forgets all incidents. */
static const char *
verb_forget_incidents(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) value, (void) out;
	incident_forget();
	return NULL;
}

/* Changes the quotas. */
static const char *
verb_tier(const Request *request, const char *value, Buffer *out)
{
	const Tier *tier = tier_find(value);

	(void) request, (void) out;
	if (tier == NULL)
		return "no such tier";
	options.tier = tier->name;
	quota_set_tier(tier);
	return NULL;
}

/* Changes the latency. */
static const char *
verb_latency(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	options.latency_ms = strtoll(value, NULL, 10);
	return NULL;
}

/* Changes how many objects a report covers. */
static const char *
verb_object_limit(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	options.object_limit = strtoll(value, NULL, 10);
	world.version++;
	return NULL;
}

/* Admits report tasks, or not. */
static const char *
verb_async(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	tasks.admitted = strcmp(value, "off") != 0;
	tasks.elsewhere = strcmp(value, "url") == 0;
	return NULL;
}

/* Sets how long report tasks take. */
static const char *
verb_async_checks(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) out;
	tasks.checks = atoi(value);
	return NULL;
}

/* Forgets all report tasks, as after their thirty days. */
static const char *
verb_async_expire(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) value, (void) out;
	tasks_expire();
	return NULL;
}

/* Makes the API refuse a metric. */
static const char *
verb_refuse_metric(const Request *request, const char *value, Buffer *out)
{
	Refusal    *refusal = &world.refusal[world.refusals];

	(void) out;
	if (world.refusals == MAX_REFUSALS)
		return "too many refused metrics";
	refusal->advertiser_id = number_argument(request, "advertiser", 0);
	snprintf(refusal->metric, sizeof(refusal->metric), "%s", value);
	world.refusals++;
	world.version++;
	return NULL;
}

/* Lets all metrics be had again. */
static const char *
verb_allow_metrics(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) value, (void) out;
	world.refusals = 0;
	world.version++;
	return NULL;
}

/* Forgets what quotas have counted. */
static const char *
verb_reset_quota(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) value, (void) out;
	quota_forget();
	return NULL;
}

/* Starts the statistics again. */
static const char *
verb_reset_stats(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) value, (void) out;
	quota_reset_stats();
	return NULL;
}

/* Tells what clients did. */
static const char *
verb_stats(const Request *request, const char *value, Buffer *out)
{
	(void) request, (void) value;
	put_format(out, ",\"stalled\":%d,", park_stalled());
	put_quotas(out);
	put_text(out, ",\"faults\":");
	put_faults(out);
	return NULL;
}

/* Lists the ad accounts with the counts of what the clock has reached. */
static const char *
verb_advertisers(const Request *request, const char *value, Buffer *out)
{
	static const char *const names[] = {"campaigns", "adgroups", "ads"};
	int			a,
				l,
				i;

	(void) value;
	put_text(out, ",\"advertisers\":[");
	for (a = 0; a < world.advertisers; a++)
	{
		const Advertiser *adv = world.advertiser[a];

		put_format(out, "%s{\"advertiser_id\":\"%lld\",\"readable\":%s,\"currency\":\"%s\",\"display_timezone\":\"%s\"",
				   a ? "," : "", (long long) adv->id, adv->readable ? "true" : "false",
				   adv->market->currency, adv->zone->iana);
		for (l = 0; l < ENTITY_LEVELS; l++)
		{
			int			count[2] = {0, 0};

			for (i = 0; i < adv->count[l]; i++)
				if (node_exists(&adv->node[l][i], request->now))
					count[adv->node[l][i].deleted <= request->now]++;
			put_format(out, ",\"%s\":%d,\"deleted_%s\":%d", names[l], count[0], names[l], count[1]);
		}
		put_text(out, "}");
	}
	put_text(out, "]");
	return NULL;
}

static const struct
{
	const char *name;
	ArgumentKind kind;
	Verb		verb;			/* NULL: an argument of another verb */
	const char *help;
}			verbs[] = {
	{"clear", ARGUMENT_NONE, verb_clear, "forget all faults, let stalled requests go"},
	{"fault", ARGUMENT_TEXT, verb_fault, "http_429 http_500 http_503 (any http_NNN), reset, stall, truncate, malformed, oversize,"
	" gzip_bomb, slow_body, code, unknown_field, wrong_type, bad_utf8, bad_escape, duplicate, shift, page_count, partial, date, throttle_header"},
	{"path", ARGUMENT_TEXT, NULL, "fault: only requests whose path contains this"},
	{"advertiser", ARGUMENT_ID, NULL, "fault, restate: only this ad account"},
	{"page", ARGUMENT_NUMBER, NULL, "fault: only this page"},
	{"count", ARGUMENT_NUMBER, NULL, "fault: so many times (1), -1 for ever"},
	{"skip", ARGUMENT_NUMBER, NULL, "fault: let so many matching requests through first (0)"},
	{"percent", ARGUMENT_NUMBER, NULL, "fault: this share of the matching requests, by chance (100)"},
	{"code", ARGUMENT_NUMBER, NULL, "fault=code: the API's code"},
	{"message", ARGUMENT_TEXT, NULL, "fault=code: the message"},
	{"retry_after", ARGUMENT_NUMBER, NULL, "fault=http_NNN: header Retry-After, seconds"},
	{"mb", ARGUMENT_NUMBER, NULL, "fault=oversize, gzip_bomb: megabytes (64)"},
	{"rate", ARGUMENT_NUMBER, NULL, "fault=slow_body: bytes a second (100)"},
	{"clock", ARGUMENT_TIME, verb_clock, "set the clock, 'YYYY-MM-DD HH:MM:SS' UTC"},
	{"advance", ARGUMENT_NUMBER, verb_advance, "move the clock by seconds"},
	{"token", ARGUMENT_TEXT, verb_token, "the access token that is good from now on"},
	{"revoke_token", ARGUMENT_NONE, verb_revoke_token, "the token is answered with 40105"},
	{"expire_token", ARGUMENT_NONE, verb_expire_token, "the token is answered with 40102"},
	{"auth_code", ARGUMENT_TEXT, verb_auth_code, "a code that is good for one token exchange"},
	{"hide_advertiser", ARGUMENT_ID, verb_hide_advertiser, "the token may no longer read it: 40001"},
	{"show_advertiser", ARGUMENT_ID, verb_show_advertiser, "the token may read it again"},
	{"add_advertiser", ARGUMENT_NONE, verb_add_advertiser, "a new ad account; the reply has its id"},
	{"delete", ARGUMENT_ID, verb_delete, "delete a campaign, ad group or ad with all below it, now"},
	{"delete_ad", ARGUMENT_ID, verb_delete, "the same"},
	{"vanish", ARGUMENT_ID, verb_vanish, "remove an entity from all lists and reports, even STATUS_ALL"},
	{"shrink", ARGUMENT_NUMBER, verb_shrink, "let this percentage of all ads vanish, 0 brings all back"},
	{"restate", ARGUMENT_NUMBER, verb_restate, "multiply the numbers of days by percent (110: a tenth more)"},
	{"forget_incidents", ARGUMENT_NONE, verb_forget_incidents, "take all incidents back, before new ones of the same call"},
	{"incident", ARGUMENT_TEXT, verb_incident, "from an hour on, days of an entity have:"},
	{"entity", ARGUMENT_ID, NULL, "incident: ad account, campaign, ad group or ad"},
	{"hour", ARGUMENT_NUMBER, NULL, "incident: first hour of the first day (0)"},
	{"from", ARGUMENT_DATE, NULL, "restate, incident: first day (all)"},
	{"to", ARGUMENT_DATE, NULL, "restate, incident: last day (all)"},
	{"tier", ARGUMENT_TEXT, verb_tier, "change the quotas"},
	{"latency_ms", ARGUMENT_NUMBER, verb_latency, "answer API requests after so long"},
	{"refuse_metric", ARGUMENT_TEXT, verb_refuse_metric, "refuse a metric, of one advertiser or all"},
	{"allow_metrics", ARGUMENT_NONE, verb_allow_metrics, "refuse no metric any more"},
	{"async", ARGUMENT_TEXT, verb_async, "on: report tasks are admitted; off: 40118; url: their files are given as a link"},
	{"async_checks", ARGUMENT_NUMBER, verb_async_checks, "checks after which a report task has succeeded"},
	{"async_expire", ARGUMENT_NONE, verb_async_expire, "forget all report tasks"},
	{"object_limit", ARGUMENT_NUMBER, verb_object_limit, "newest objects that a report covers"},
	{"reset_quota", ARGUMENT_NONE, verb_reset_quota, "forget what quotas have counted, and penalties"},
	{"stats", ARGUMENT_NONE, verb_stats, "endpoints with requests, throttled ones, rows, bytes, most requests in any\n"
	"                      rolling second and minute; stalled requests, tier, faults to come"},
	{"reset_stats", ARGUMENT_NONE, verb_reset_stats, "start the statistics again, after stats of the same call"},
	{"advertisers", ARGUMENT_NONE, verb_advertisers, "ad accounts and how much is in them"},
};

/* Tells whether a value has the form that its verb wants. */
static bool
value_good(ArgumentKind kind, const char *value)
{
	int64		number;
	int			day;
	char	   *end;

	switch (kind)
	{
		case ARGUMENT_NUMBER:
			number = strtoll(value, &end, 10);
			return end != value && *end == '\0' && number > -1000000000000 && number < 1000000000000;
		case ARGUMENT_TIME:
			return time_parse(value, &number);
		case ARGUMENT_DATE:
			return date_parse(value, &day);
		case ARGUMENT_ID:
			return id_parse(value, &number);
		case ARGUMENT_TEXT:
			return *value != '\0';
		case ARGUMENT_NONE:
			break;
	}
	return true;
}

/* Checks all of a call's names and values. */
static int
check_call(Request *request)
{
	int			i,
				j;

	if (request->param_count == 0 || request->param_count > MAX_PARAMS)
		return fail(request, 400, "say what to do, see /control?help");
	for (i = 0; i < request->param_count; i++)
	{
		const Param *p = &request->params[i];

		for (j = 0; j < COUNT_OF(verbs) && strcmp(verbs[j].name, p->name) != 0; j++)
			;
		if (j == COUNT_OF(verbs))
			return fail(request, 400, "unknown verb %.50s, see /control?help", p->name);
		if (!value_good(verbs[j].kind, p->value))
			return fail(request, 400, "bad value of %s", p->name);
	}
	return 0;
}

/* Writes the list of verbs. */
static void
put_help(Buffer *out)
{
	int			i;

	put_text(out, "GET or POST /control?VERB=VALUE&...   reply: {\"ok\":true,...} or HTTP 400\n\n");
	for (i = 0; i < COUNT_OF(verbs); i++)
	{
		put_format(out, "  %s%-16s%s %s\n", verbs[i].verb ? "" : "  ", verbs[i].name, verbs[i].verb ? "  " : "", verbs[i].help);
		if (verbs[i].verb == verb_incident)
			put_text(out, incident_help());
	}
}

/* Answers a call of the control endpoint. */
void
control_answer(Request *request, Buffer *out)
{
	const char *error = NULL;
	char		now[20];
	int			i;

	if (param(request, "help"))
	{
		put_help(out);
		return;
	}
	put_text(out, "{\"ok\":true");
	check_call(request);
	pthread_rwlock_wrlock(&world.lock);
	for (i = 0; request->code == 0 && i < COUNT_OF(verbs); i++)
	{
		const char *value = param(request, verbs[i].name);

		if (value != NULL && verbs[i].verb != NULL && (error = verbs[i].verb(request, value, out)) != NULL)
			fail(request, 400, "%s: %s", verbs[i].name, error);
	}
	pthread_rwlock_unlock(&world.lock);
	if (request->code != 0)
	{
		out->len = 0;
		put_text(out, "{\"ok\":false,\"error\":");
		put_json(out, request->message);
	}
	time_format(clock_now(), now);
	put_format(out, ",\"clock\":\"%s\"}\n", now);
}
