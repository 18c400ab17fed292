"""Events of providers: received and stored first, worked afterwards, replayed when a person asks.

receive takes deliveries in, hints tells a worker, work fetches again and hands over to the sync engine, changes writes
what a pull finds as events.
"""
