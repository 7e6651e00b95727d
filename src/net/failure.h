/*
 * failure.h: why a request failed, in words.
 */
#ifndef TIKTOKADS_FAILURE_H
#define TIKTOKADS_FAILURE_H

#include "net/transfer.h"

/* Writes reply.error of a transfer that libcurl ended with reply.curl_code. */
extern void failure_explain(Transfer *transfer);

#endif
