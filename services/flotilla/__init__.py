"""What Flotilla's Django services share: database routing, keyed requests, caching, health, metrics, settings parts.

Nothing here knows a business noun, and nothing here imports a service. Each sub-package can be lifted out alone.
"""
