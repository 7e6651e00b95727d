/*
 * request.h: one HTTP request on its way through the simulator.
 */
#ifndef SIMULATOR_REQUEST_H
#define SIMULATOR_REQUEST_H

#include "buffer.h"
#include "fault.h"
#include "world.h"

#define MAX_PARAMS 64

struct MHD_Connection;
struct Quota;

typedef struct Param
{
	const char *name;
	const char *value;
} Param;

typedef enum ParamKind
{
	PARAM_TEXT, PARAM_ID, PARAM_INTEGER, PARAM_BOOLEAN, PARAM_DATE, PARAM_STRINGS, PARAM_OBJECT, PARAM_OBJECTS,
	PARAM_ENUM
} ParamKind;

/* What an endpoint accepts. */
typedef struct ParamRule
{
	const char *name;
	ParamKind	kind;
	bool		required;
	int64		least;			/* of integers, or fewest elements */
	int64		most;			/* 0: no limit */
	const char *choices;		/* of enums, by | */
} ParamRule;

typedef struct Request
{
	struct MHD_Connection *connection;
	const struct Endpoint *endpoint;
	char	   *path;			/* below /open_api/v1.3/ */
	Param		params[MAX_PARAMS];
	int			param_count;
	const char *token;
	const char *content_type;
	Buffer	   *body;			/* of a POST */
	int64		now;
	unsigned	twist;
	int			code;
	char		message[512];
	bool		whole;			/* a task's report: all rows, no limit of objects */
	bool		throttled;		/* X-Tt-Ads-Throttle goes out */
	int64		rows;
	/* the server's part */
	bool		control;
	bool		counted;		/* quota and faults are done */
	bool		in_flight;		/* counted, and its reply is not */
	bool		faulty;
	Fault		fault;
	Buffer	   *reply;
	size_t		sent;
	bool		parked;
	int64		wake_at;		/* microseconds, NEVER: until cleared */
	struct Request *next;
	struct Request **link;
} Request;

typedef struct Endpoint
{
	const char *path;
	const char *method;
	bool		needs_token;
	int			(*serve) (Request *request, Buffer *out);	/* writes data's members, gives the code */
	struct Quota *quota;
} Endpoint;

extern int	fail(Request *request, int code, const char *format,...) __attribute__((format(printf, 3, 4)));
extern const char *param(const Request *request, const char *name);
extern int64 param_integer(const Request *request, const char *name, int64 otherwise);
extern bool param_true(const Request *request, const char *name);
extern int	params_check(Request *request, const ParamRule *rules, int count);
extern bool choice_known(const char *choices, const char *word);
extern bool id_parse(const char *text, int64 *id);
extern Advertiser *advertiser_param(Request *request);
extern bool page_bounds(Request *request, int64 total, int64 *from, int64 *to);
extern void put_page_info(Buffer *out, const Request *request, int64 total);

/* Rows of the smaller lists; the number of a row is made of these. */
#define LIST_GMV_CAMPAIGN 15
#define LIST_STORE 16
#define GMV_CAMPAIGNS 3			/* the last one is deleted, and is in reports alone */
#define GMV_STORES 2
extern int64 list_number(const Advertiser *adv, int row, int64 kind);

extern int	serve_access_token(Request *request, Buffer *out);
extern int	serve_advertisers(Request *request, Buffer *out);
extern int	serve_advertiser_info(Request *request, Buffer *out);
extern int	serve_report_csv(Request *request, Buffer *out);
extern int	serve_task_create(Request *request, Buffer *out);
extern int	serve_task_check(Request *request, Buffer *out);
extern int	serve_task_download(Request *request, Buffer *out);
extern int	serve_gmv_report(Request *request, Buffer *out);
extern int	serve_list(Request *request, Buffer *out);
extern int	serve_campaigns(Request *request, Buffer *out);
extern int	serve_adgroups(Request *request, Buffer *out);
extern int	serve_ads(Request *request, Buffer *out);
extern int	serve_report(Request *request, Buffer *out);

/* The token's state, changed by control. */
typedef struct Credentials
{
	char		token[256];
	char		auth_code[256];	/* "" when used */
	bool		revoked;
	bool		expired;
} Credentials;
extern Credentials credentials;

#endif
