/*
 * budget.h: rate budgets that the server's processes share.
 */
#ifndef TIKTOKADS_BUDGET_H
#define TIKTOKADS_BUDGET_H

/* Defines how many there may be and asks for their memory; only while preloading. */
extern void BudgetInit(void);

#endif
