"""The event bus: outbox, relay, broker, inbox. What it guarantees, and why: docs/decisions/0030-the-event-bus.md."""
