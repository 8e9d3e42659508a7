-- Commands to devices (contract section 2): an outbox, and what became of each.

create table command (
    id uuid primary key default gen_random_uuid(),
    n bigint generated always as identity unique,
    device integer not null references device (slot),
    name text not null check (name in ('locate', 'set_interval', 'ring', 'confirm_ok', 'message')),
    args jsonb not null,
    state text not null default 'queued'
        check (state in ('queued', 'sent', 'done', 'failed', 'expired', 'superseded', 'cancelled')),
    reason text check (reason in ('not_sent', 'no_answer', 'refused', 'newer')),
    created_at bigint not null,
    created_by text not null,
    alarm uuid references alarm,
    expires_at bigint not null check (expires_at > created_at),
    answer_until bigint not null check (answer_until >= expires_at),
    attempts integer not null default 0,
    tried_at bigint,
    next_attempt_at bigint not null,
    sent_at bigint,
    ok boolean,
    answer text check (answer in ('ok', 'help', 'none')),
    answered_at bigint,
    late boolean not null default false,
    ended_at bigint,
    ended_by text
);
comment on table command is 'what was asked of devices, by whom, and how it ended; times in Unix ms';
comment on column command.created_by is 'a user name, or the part of the system that asked';
comment on column command.tried_at is 'when its newest attempt was written down, before it was made';
comment on column command.sent_at is 'when the broker first had it';
comment on column command.answer is 'the wearer''s own, to confirm_ok';
comment on column command.late is 'the answer came after answer_until';
comment on column command.ended_by is 'who cancelled it, or asked for the newer one';
create index command_open on command (next_attempt_at) where state in ('queued', 'sent');
create index command_of_device on command (device, n desc);
create index command_alarm on command (alarm) where alarm is not null;
create index command_age on command (answer_until);
