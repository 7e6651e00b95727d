/*
 * veil.c: keeps parameters that are secrets out of the server's log.
 *
 * With log_statement or log_min_duration_statement the server logs the values of
 * bind parameters beside the statement.  Where the statement is one that takes
 * secrets of ours, the values are left out.  Literals are in the statement
 * itself, which is the server's to log; connect() warns of that.
 *
 * In a server that has not preloaded the library the first such statement of a
 * session is logged before the library is there.
 */
#include "postgres.h"

#include "account/veil.h"
#include "tcop/tcopprot.h"

static emit_log_hook_type next_hook = NULL;

/* Finds a word in a text, whatever its case. */
static bool
mentions(const char *text, const char *word)
{
	size_t		length = strlen(word);

	for (; *text != '\0'; text++)
		if (pg_strncasecmp(text, word, length) == 0)
			return true;
	return false;
}

/* True for a statement that may take a secret of ours as a parameter. */
static bool
takes_secrets(const char *statement)
{
	if (statement == NULL)
		return false;
	return mentions(statement, "credential_input") || mentions(statement, "rotate_credentials") ||
		(mentions(statement, "call") && mentions(statement, "connect"));
}

/* Overwrites a text that lists parameters with a remark. */
static void
veil(char *text)
{
	if (text != NULL && strstr(text, "$1 = ") != NULL)
		strlcpy(text, "The parameters may hold secrets and are left out.", strlen(text) + 1);
}

/* Leaves the parameters of such a statement out. */
static void
veil_log(ErrorData *error)
{
	if (takes_secrets(debug_query_string))
	{
		veil(error->detail);
		veil(error->detail_log);
		veil(error->context);
	}
	if (next_hook != NULL)
		next_hook(error);
}

/* Installs the hook. */
void
VeilInit(void)
{
	next_hook = emit_log_hook;
	emit_log_hook = veil_log;
}
