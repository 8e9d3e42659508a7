"""What things are: readings, topics, payloads, the columnar batch, the registry's records, units and time.

Owns the vocabulary of the field and the wire format of contract section 1. It performs no I/O and
knows nothing of brokers, databases, alarms or pages; every other package may import it.
"""
