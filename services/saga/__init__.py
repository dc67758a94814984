"""The saga of an order, tested across the services that take part in it. Not a service: no image has it."""
