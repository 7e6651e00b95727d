/*
 * secret.c: where tokens and app secrets come from.
 *
 * A file is read anew at each use, so that rotating it needs no word to us.  A
 * path that a caller names is read only below tiktokads.secret_directory, or on
 * behalf of a member of pg_read_server_files; owner and mode must be as for
 * PostgreSQL's ssl_key_file; symbolic links are followed, as mounted secrets
 * are made of them.  A literal secret stays in this process and dies with it.
 * No secret is ever part of a message.
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "account/secret.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define SECRET_SIZE_MAX 16384

/* A literal secret that this session was given. */
typedef struct SessionSecret
{
	struct SessionSecret *next;
	SecretKind	kind;
	char	   *value;
	char		connection[FLEXIBLE_ARRAY_MEMBER];
} SessionSecret;

static const char *const secret_name[] = {
	[SECRET_ACCESS_TOKEN] = "access token",
	[SECRET_APP] = "app secret",
	[SECRET_PSEUDONYM_KEYS] = "pseudonym key",
};

static const char *const secret_fields[] = {
	[SECRET_ACCESS_TOKEN] = "access_token",
	[SECRET_APP] = "app_secret",
};

static char *secret_directory = NULL;
static SessionSecret *session_secrets = NULL;

/* Defines where secret files may lie. */
void
SecretInit(void)
{
	DefineCustomStringVariable("tiktokads.secret_directory",
							   "Directory below which connections may name secret files.",
							   "Empty: only members of pg_read_server_files may name a file.",
							   &secret_directory,
							   "", PGC_SUSET, 0, NULL, NULL, NULL);
}

/* An error unless the role may have this path read. */
static void
secret_check_path(const char *path, Oid role)
{
	char		wanted[MAXPGPATH];
	char		directory[MAXPGPATH];

	if (!is_absolute_path(path) || strlen(path) >= MAXPGPATH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("path of a secret file must be absolute: \"%s\"", path),
				 errhint("Name the file on the database server, from the root directory.")));
	if (has_privs_of_role(role, ROLE_PG_READ_SERVER_FILES))
		return;

	strlcpy(wanted, path, MAXPGPATH);
	canonicalize_path(wanted);
	strlcpy(directory, secret_directory == NULL ? "" : secret_directory, MAXPGPATH);
	canonicalize_path(directory);
	if (!is_absolute_path(directory) || path_contains_parent_reference(wanted) ||
		!path_is_prefix_of_path(directory, wanted))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read secret file \"%s\"", path),
				 errhint("Put it below tiktokads.secret_directory, or have a member of pg_read_server_files connect.")));
}

/* An error unless owner and mode are those that ssl_key_file asks for. */
static void
secret_check_mode(const char *path, const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("secret file \"%s\" is not a regular file", path),
				 errhint("Name a file that holds the secret and nothing else.")));
	if (status->st_uid != geteuid() && status->st_uid != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("secret file \"%s\" must be owned by the database user or root", path),
				 errhint("Change its owner with chown.")));
	if ((status->st_uid == geteuid() && (status->st_mode & (S_IRWXG | S_IRWXO)) != 0) ||
		(status->st_uid == 0 && (status->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0 &&
		 geteuid() != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("secret file \"%s\" has group or world access", path),
				 errdetail("It must have mode 0600 or less if owned by the database user, or 0640 or less if owned by root."),
				 errhint("Change its mode with chmod.")));
}

/* An error unless the text can be sent as a header value. */
void
secret_check(const char *value, SecretKind kind)
{
	for (const char *c = value; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s holds a character that no %s has", secret_name[kind], secret_name[kind]),
					 errhint("It must be one word of printable ASCII characters.")));
	if (*value == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is empty", secret_name[kind]),
				 errhint("Give the secret, or the path of a file that holds it.")));
}

/* Reads a file that holds secrets. */
char *
secret_read_file(const char *path, const char *what, int *length)
{
	char	   *value = palloc0(SECRET_SIZE_MAX + 1);
	struct stat status;
	int			file = OpenTransientFile(path, O_RDONLY | O_NONBLOCK | PG_BINARY);

	if (file < 0 || fstat(file, &status) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read %s file \"%s\": %m", what, path),
				 errhint("The database server's user must be able to read it.")));
	secret_check_mode(path, &status);
	*length = (int) read(file, value, SECRET_SIZE_MAX);
	if (*length < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read %s file \"%s\": %m", what, path),
				 errhint("The database server's user must be able to read it.")));
	CloseTransientFile(file);
	return value;
}

/* Reads the whole of a secret file on behalf of a role. */
char *
secret_read_lines(const char *path, Oid role, SecretKind kind)
{
	int			length;

	secret_check_path(path, role);
	return secret_read_file(path, secret_name[kind], &length);
}

/* Reads a secret of one word from a file on behalf of a role. */
char *
secret_read(const char *path, Oid role, SecretKind kind)
{
	char	   *value;
	char	   *start;
	int			length;

	secret_check_path(path, role);
	value = secret_read_file(path, secret_name[kind], &length);
	while (length > 0 && isspace((unsigned char) value[length - 1]))
		value[--length] = '\0';
	for (start = value; isspace((unsigned char) *start);)
		start++;
	secret_check(start, kind);
	start = pstrdup(start);
	explicit_bzero(value, length);
	pfree(value);
	return start;
}

/* The kind as a field's name. */
const char *
secret_field(SecretKind kind)
{
	return secret_fields[kind];
}

/* The kind of a field's name. */
SecretKind
secret_kind(const char *field)
{
	for (int i = 0; i < lengthof(secret_fields); i++)
		if (strcmp(secret_fields[i], field) == 0)
			return (SecretKind) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no such kind of secret"),
			 errhint("It is access_token or app_secret.")));
}

/* Overwrites a secret, frees it and forgets the pointer. */
void
secret_cleanse(char **value)
{
	if (*value == NULL)
		return;
	explicit_bzero(*value, strlen(*value));
	pfree(*value);
	*value = NULL;
}

/* The session's secret of that connection and kind. */
static SessionSecret **
secret_find(const char *connection, SecretKind kind)
{
	SessionSecret **place = &session_secrets;

	while (*place != NULL &&
		   ((*place)->kind != kind || strcmp((*place)->connection, connection) != 0))
		place = &(*place)->next;
	return place;
}

/* Forgets one secret and cleanses its memory. */
static void
secret_drop(SessionSecret **place)
{
	SessionSecret *secret = *place;

	if (secret == NULL)
		return;
	*place = secret->next;
	explicit_bzero(secret->value, strlen(secret->value));
	pfree(secret->value);
	pfree(secret);
}

/* Keeps a literal secret for this session. */
void
secret_remember(const char *connection, SecretKind kind, const char *value)
{
	SessionSecret *secret;

	secret_drop(secret_find(connection, kind));
	secret = MemoryContextAlloc(TopMemoryContext,
								offsetof(SessionSecret, connection) + strlen(connection) + 1);
	secret->kind = kind;
	secret->value = MemoryContextStrdup(TopMemoryContext, value);
	strcpy(secret->connection, connection);
	secret->next = session_secrets;
	session_secrets = secret;
}

/* The literal secret that this session was given, or NULL. */
const char *
secret_recall(const char *connection, SecretKind kind)
{
	SessionSecret *secret = *secret_find(connection, kind);

	return secret == NULL ? NULL : secret->value;
}

/* Forgets the session's secrets of a connection. */
void
secret_forget(const char *connection)
{
	secret_drop(secret_find(connection, SECRET_ACCESS_TOKEN));
	secret_drop(secret_find(connection, SECRET_APP));
}
