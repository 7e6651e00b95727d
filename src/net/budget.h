/*
 * budget.h: rate budgets that the server's processes share.
 */
#ifndef TIKTOKADS_BUDGET_H
#define TIKTOKADS_BUDGET_H

/* Defines how many there may be and asks for their memory; only while preloading. */
extern void BudgetInit(void);

/*
 * Takes note that this database uses an app; tells up to max others that have
 * done so since the server started, dropped ones among them.
 */
extern int	budget_share(const char *app, Oid *others, int max);

#endif
