/*
 * source.c: makes SQL of what the caller of a table function names: a relation
 * or query, steps, properties.
 *
 * The SQL runs with the caller's rights and search_path, as if the caller had
 * written it.  What must stay true: our own part of it is qualified throughout,
 * and a caller's piece is a whole expression or query before it gets in.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "funnel/level.h"
#include "funnel/source.h"

/* Words that make a step a condition, and words that a query begins with. */
static const char *const condition_words[] = {"is", "like", "ilike", "between"};
static const char *const query_words[] = {"select", "with", "values", "table"};

/* Is this byte part of a word? */
static bool
is_word_byte(char byte)
{
	return isalnum((unsigned char) byte) || byte == '_' || (byte & 0x80);
}

/* Does a word of a list stand at this place? */
static bool
word_stands(const char *text, const char *const *words, int nwords)
{
	int			i;

	for (i = 0; i < nwords; i++)
	{
		if (pg_strncasecmp(text, words[i], strlen(words[i])) == 0 && !is_word_byte(text[strlen(words[i])]))
			return true;
	}
	return false;
}

/* Is a step a condition, rather than the name of an event? */
static bool
step_is_condition(const char *text)
{
	const char *at;

	if (strpbrk(text, "=<>~'\"()?@|&!#%*+[],") != NULL)
		return true;
	for (at = text; *at != '\0'; at++)
	{
		if ((at == text || !is_word_byte(at[-1])) && word_stands(at, condition_words, lengthof(condition_words)))
			return true;
	}
	return false;
}

/* Points a syntax error at the caller's piece, not at the query that handed it to us. */
static void
piece_error(void *piece)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(piece);
	}
}

/* Parses a caller's expression as far as that needs no catalog. */
static SelectStmt *
piece_parse(const char *text)
{
	ErrorContextCallback context = {error_context_stack, piece_error, unconstify(char *, text)};
	List	   *parsed;

	error_context_stack = &context;
	parsed = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	error_context_stack = context.previous;
	return (SelectStmt *) linitial_node(RawStmt, parsed)->stmt;
}

/* A caller's expression, in parentheses, if it is one and nothing more. */
char *
source_expression(const char *what, const char *text)
{
	SelectStmt *select = piece_parse(text);

	if (!IsA(select, SelectStmt) || list_length(select->targetList) != 1 || select->op != SETOP_NONE ||
		select->distinctClause || select->intoClause || select->fromClause || select->whereClause ||
		select->groupClause || select->havingClause || select->windowClause || select->valuesLists ||
		select->sortClause || select->limitOffset || select->limitCount || select->lockingClause || select->withClause)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("%s is not an expression: %s", what, text)));
	return psprintf("(%s\n)", text);
}

/* Is this the text of a query, rather than the name of a relation? */
static bool
is_query(const char *text)
{
	text += strspn(text, " \t\r\n(");
	return word_stands(text, query_words, lengthof(query_words));
}

/* A query without the semicolon that may end it. */
static char *
query_trim(const char *text)
{
	char	   *query = pstrdup(text);
	int			length = (int) strlen(query);

	while (length > 0 && strchr("; \t\r\n", query[length - 1]) != NULL)
		query[--length] = '\0';
	return query;
}

/* What follows FROM. */
static char *
source_from(const char *text)
{
	RangeVar   *range;
	Oid			relation;

	if (is_query(text))
		return psprintf("(%s\n) AS e", query_trim(text));
	if (strpbrk(text, " \t\r\n;") != NULL && strchr(text, '"') == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this is neither a query nor the name of a relation: %s", text),
				 errhint("A query begins with SELECT, WITH, VALUES or TABLE.")));
	range = makeRangeVarFromNameList(qualified_name_list(text));
	relation = RangeVarGetRelid(range, NoLock, false);
	return psprintf("%s AS e", quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation)));
}

/* The columns that a selection from a source has. */
static TupleDesc
source_describe(const Source *source, const char *selection)
{
	SPIPlanPtr	plan = SPI_prepare(psprintf("SELECT %s FROM %s", selection, source->from), 0, NULL);
	CachedPlanSource *parsed;
	TupleDesc	columns;

	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	parsed = linitial(SPI_plan_get_plan_sources(plan));
	columns = CreateTupleDescCopy(parsed->resultDesc);
	SPI_freeplan(plan);
	return columns;
}

/* Finds out what columns a relation or query has; SPI must be connected. */
Source *
source_open(const char *relation_or_query)
{
	Source	   *source = palloc(sizeof(Source));

	source->from = source_from(relation_or_query);
	source->columns = source_describe(source, "e.*");
	return source;
}

/* The type of a column; InvalidOid when there is no such column. */
Oid
source_column_type(const Source *source, const char *column)
{
	int			i;

	for (i = 0; i < source->columns->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(source->columns, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), column) == 0)
			return attribute->atttypid;
	}
	return InvalidOid;
}

/*
 * A time as SQL that yields 64 bits: a timestamp of either kind, or, told by
 * *numbers, an integer.
 */
char *
source_time(const Source *source, const char *expression, bool *numbers)
{
	Oid			type = TupleDescAttr(source_describe(source, expression), 0)->atttypid;

	*numbers = type == INT2OID || type == INT4OID || type == INT8OID;
	if (*numbers)
		return psprintf("%s::pg_catalog.int8", expression);
	if (type == DATEOID)
		return psprintf("%s::pg_catalog.timestamp", expression);
	if (type != TIMESTAMPTZOID && type != TIMESTAMPOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("times of events cannot be of type %s", format_type_be(type)),
				 errhint("They are timestamps, dates or integers.")));
	return pstrdup(expression);
}

/* The texts of an array of steps. */
char **
source_step_names(ArrayType *steps, int *nsteps)
{
	Datum	   *values;
	bool	   *nulls;
	char	  **names;
	int			i;

	if (ARR_NDIM(steps) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("steps must be a one-dimensional array")));
	deconstruct_array(steps, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, nsteps);
	if (*nsteps < 1 || *nsteps > FUNNEL_STEPS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of steps must be between 1 and %d", FUNNEL_STEPS_MAX)));
	names = palloc(FUNNEL_STEPS_MAX * sizeof(char *));
	for (i = 0; i < *nsteps; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("step %d must not be null", i + 1)));
		names[i] = TextDatumGetCString(values[i]);
	}
	return names;
}

/* The condition that a step stands for: itself, a boolean column, or the name of an event. */
char *
source_step(const Source *source, const char *text)
{
	if (text[strspn(text, " \t\r\n")] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a step must not be empty")));
	if (step_is_condition(text))
		return source_expression("step", text);
	if (source_column_type(source, text) == BOOLOID)
		return psprintf("e.%s", quote_identifier(text));
	if (!OidIsValid(source_column_type(source, "name")))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("step \"%s\" is the name of an event, but there is no column \"name\"", text),
				 errhint("Write the step as a condition, for example event = '%s'.", text)));
	return psprintf("e.name OPERATOR(pg_catalog.=) %s", quote_literal_cstr(text));
}

/*
 * A property of events as text: a column, or else a key of the column
 * `properties`; the campaign is also looked for in the URL.
 */
char *
source_property(const Source *source, const char *name)
{
	char	   *key = quote_literal_cstr(name);

	if (OidIsValid(source_column_type(source, name)))
		return psprintf("e.%s::pg_catalog.text", quote_identifier(name));
	if (source_column_type(source, "properties") != JSONBOID)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("events have no column \"%s\", and no column \"properties\" of type jsonb that could hold it", name)));
	if (strcmp(name, "campaign") == 0 && source_column_type(source, "url") == TEXTOID)
		return psprintf("COALESCE(e.properties OPERATOR(pg_catalog.->>) 'campaign', e.properties OPERATOR(pg_catalog.->>) 'campaign_id', "
						"pg_catalog.substring(e.url, '[?&](?:utm_campaign|campaign_id)=([^&#]*)'))");
	return psprintf("(e.properties OPERATOR(pg_catalog.->>) %s)", key);
}
