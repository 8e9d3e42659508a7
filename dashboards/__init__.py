"""What people see: the HTTP API and the console's pages.

Owns the translation between HTTP and the store and the alarm's life. It holds no SQL and no business
rule, and of ``gateway`` it imports only ``gateway.store``.
"""
