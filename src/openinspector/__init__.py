"""OpenInspector: an open, self-hosted vulnerability management service.

Everything the system does is one of five verbs: discover, collect, assess, reconcile, signal.
`openinspector scan` is collect + assess + print.
"""

__version__ = "0.1.0"
