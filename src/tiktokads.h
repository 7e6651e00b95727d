/*
 * tiktokads.h: the words that every room uses with one meaning.
 *
 * connection	credentials for an app
 * advertiser	an ad account
 * stream		one kind of data: an entity list, or a report at one level,
 *				grain and breakdown
 * slice		stream x advertiser x date range: what is claimed, fetched,
 *				stored and retried
 * page			one reply of a paged request
 * run			one attempt at a slice
 * restatement	a past day whose numbers change
 */
#ifndef TIKTOKADS_H
#define TIKTOKADS_H

#define EXTENSION_NAME	"tiktokads"
#define SCHEMA_NAME		"tiktokads"

/* Owner of the model's tables; units of work run as this role. */
#define OWNER_ROLE		"tiktokads_worker"

#endif
