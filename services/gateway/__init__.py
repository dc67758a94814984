"""The gateway: the one entry to the API, /api/. It knows who calls and what leads where; what is done, services do."""
