"""When each verb runs: discover, collect, assess, reconcile, for every resource, for ever.

Work is tasks in the store (`store.tasks`), so that it survives whoever does it. A task's handler
may run again after a crash: what it changes commits together with the word that it is done.
"""
