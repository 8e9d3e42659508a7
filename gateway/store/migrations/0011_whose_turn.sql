-- Whether a message's turn has come is asked of each that is due, and answered from what waits for the same recipient.

create index message_turns on message (recipient, channel, priority desc, id) where state in ('queued', 'sending');
