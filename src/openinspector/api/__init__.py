"""The APIs over the wire: a gateway driven by the service models, signatures, policies."""
