/*
 * task.c: asynchronous report tasks: create, check, download.
 *
 * Stays true: a task is the request that a synchronous report would be, made
 * again when it is downloaded, as CSV with API names and without the limit of
 * objects; it needs some checks before it has succeeded.
 */
#include "json.h"
#include "request.h"
#include "task.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_TASKS 256

typedef struct Task
{
	int64		id;
	int64		advertiser_id;
	int			checks;
	int			count;
	Param		params[MAX_PARAMS];
} Task;

Tasks		tasks = {true, false, 1};

static Task task[MAX_TASKS];
static int	made;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Forgets all tasks. */
void
tasks_expire(void)
{
	pthread_mutex_lock(&lock);
	memset(task, 0, sizeof(task));
	pthread_mutex_unlock(&lock);
}

/* Writes a value as the query string of a synchronous request would have it. */
static char *
value_text(const Json *value)
{
	Buffer	   *out = buffer_take();
	const Json *item;
	char	   *text;

	if (value->kind == JSON_ARRAY)
	{
		put_text(out, "[");
		for (item = value->child; item != NULL; item = item->next)
		{
			const Json *member;

			put_text(out, item == value->child ? "" : ",");
			if (item->kind != JSON_OBJECT)
			{
				put_json(out, item->text);
				continue;
			}
			put_text(out, "{");
			for (member = item->child; member != NULL; member = member->next)
			{
				put_text(out, member == item->child ? "" : ",");
				put_json(out, member->name);
				put_text(out, ":");
				put_json(out, member->text);
			}
			put_text(out, "}");
		}
		put_text(out, "]");
	}
	else
		put_text(out, value->kind == JSON_TRUE ? "true" : value->kind == JSON_FALSE ? "false" : value->text);
	text = must_alloc(out->len + 1);
	memcpy(text, out->data, out->len);
	buffer_give(out);
	return text;
}

/* Serves report/task/create/. */
int
serve_task_create(Request *request, Buffer *out)
{
	Json	   *json;
	const Json *member;
	Task	   *made_task;
	char	   *text;

	if (!tasks.admitted)
		return fail(request, 40118, "The app is not in the allowlist of asynchronous reports.");
	put_bytes(request->body, "", 1);
	json = json_parse(request->body->data);
	if (json == NULL || json->kind != JSON_OBJECT || json_member(json, "advertiser_id") == NULL)
		return fail(request, 40002, "advertiser_id: Missing data for required field.");
	pthread_mutex_lock(&lock);
	made_task = &task[made % MAX_TASKS];
	memset(made_task, 0, sizeof(*made_task));
	made_task->id = 7600000000000000000LL + ++made;
	for (member = json->child; member != NULL && made_task->count < MAX_PARAMS; member = member->next)
	{
		if (choice_known("output_format|enable_report_title_translation|file_name", member->name))
			continue;
		text = value_text(member);
		made_task->params[made_task->count].name = strdup(member->name);
		made_task->params[made_task->count++].value = text;
		if (strcmp(member->name, "advertiser_id") == 0)
			id_parse(text, &made_task->advertiser_id);
	}
	put_format(out, "\"task_id\":\"%lld\"", (long long) made_task->id);
	pthread_mutex_unlock(&lock);
	json_free(json);
	return 0;
}

/* Finds the task that a request names. */
static Task *
task_param(Request *request)
{
	static const ParamRule rules[] = {
		{"advertiser_id", PARAM_ID, true, 0, 0, NULL},
		{"task_id", PARAM_ID, true, 0, 0, NULL},
	};
	int64		id;
	int			i;

	if (params_check(request, rules, COUNT_OF(rules)))
		return NULL;
	id_parse(param(request, "task_id"), &id);
	for (i = 0; i < MAX_TASKS; i++)
		if (task[i].id == id)
			return &task[i];
	fail(request, 40002, "task_id: the task does not exist or has expired.");
	return NULL;
}

/* Serves report/task/check/. */
int
serve_task_check(Request *request, Buffer *out)
{
	Task	   *found = task_param(request);

	if (found == NULL)
		return request->code;
	put_format(out, "\"status\":\"%s\"", found->checks++ >= tasks.checks ? "SUCCESS" : found->checks == 1 ? "QUEUING" : "PROCESSING");
	return 0;
}

/* Serves report/task/download/: the rows as CSV in a string. */
int
serve_task_download(Request *request, Buffer *out)
{
	Task	   *found = task_param(request);
	Buffer	   *csv;

	if (found == NULL)
		return request->code;
	if (found->checks <= tasks.checks)
		return fail(request, 40201, "The task is not ready.");
	if (tasks.elsewhere)
	{
		put_text(out, "\"download_url\":\"https://cdn.example/report.csv?signature=1\"");
		return 0;
	}
	memcpy(request->params, found->params, sizeof(request->params));
	request->param_count = found->count;
	request->whole = true;
	csv = buffer_take();
	if (serve_report_csv(request, csv) == 0)
	{
		put_bytes(csv, "", 1);
		put_text(out, "\"csv\":");
		put_json(out, csv->data);
	}
	buffer_give(csv);
	return request->code;
}
