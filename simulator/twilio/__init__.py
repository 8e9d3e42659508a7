"""A stand-in for Twilio: as much of its HTTP API as a sender of SMS and calls needs, and its webhooks.

It keeps every message and call, answers as the published API does, can be told to refuse, to stall or to lose an
answer, and reports, replies and presses keys as phones would. Sources: https://www.twilio.com/docs/messaging/api,
https://www.twilio.com/docs/voice/api/call-resource and https://www.twilio.com/docs/usage/webhooks/webhooks-security.
"""
