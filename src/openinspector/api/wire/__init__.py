"""The wire: requests and answers exactly as the service models describe them (REST-JSON)."""
