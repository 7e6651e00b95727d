/*
 * server.h: HTTP in and out.
 */
#ifndef SIMULATOR_SERVER_H
#define SIMULATOR_SERVER_H

#include "request.h"

extern int	server_start(void);
extern void server_stop(void);
extern void endpoints_prepare(void);
extern const Endpoint *endpoint_find(const char *path, const char *method);
extern bool token_known(const Request *request);
extern void api_answer(Request *request, Buffer *out);
extern void control_answer(Request *request, Buffer *out);
extern void reply_count(Request *request, int64 wire_bytes, int64 plain_bytes);
extern int	reply_send(Request *request);
extern int	reply_fault(Request *request);
extern bool park(Request *request, int64 microseconds);
extern void park_remove(Request *request);
extern void park_release(bool close);
extern int	park_stalled(void);
extern void park_sweep(void);

#endif
