-- Somebody goes there: who is told when (policies, plans, steps), who is on duty (shifts, hand-overs), what was said to
-- whom and what they answered (messages, links, replies), and what the family may see (consents).

create table escalation_policy (
    id text primary key default gen_random_uuid()::text,
    site text references site,
    name text not null check (name <> ''),
    applies_to text not null default '',
    severity text not null default '' check (severity in ('', 'low', 'medium', 'high', 'critical')),
    from_minute smallint check (from_minute between 0 and 1439),
    to_minute smallint check (to_minute between 0 and 1439),
    quiet_from_minute smallint check (quiet_from_minute between 0 and 1439),
    quiet_to_minute smallint check (quiet_to_minute between 0 and 1439),
    progress_s integer check (progress_s between 60 and 86400),
    arrival_s integer check (arrival_s between 60 and 86400),
    steps jsonb not null default '[]',
    active boolean not null default true,
    check ((from_minute is null) = (to_minute is null)),
    check ((quiet_from_minute is null) = (quiet_to_minute is null))
);
comment on table escalation_policy is 'who is told how, after how long without anybody taking an alarm; site null: every site';
comment on column escalation_policy.applies_to is 'a rule, a kind, or empty for any';
comment on column escalation_policy.from_minute is 'minutes of the site''s local day in which an alarm opens; null: all day';
create index escalation_policy_site on escalation_policy (site);
create trigger log_change after insert or update or delete on escalation_policy
    for each row execute function log_registry_change();

-- The plan of an alarm is frozen when it opens; a step's due time stands in its row.
create table escalation_plan (
    alarm uuid primary key references alarm,
    policy text not null,
    plan jsonb not null
);
comment on column escalation_plan.policy is 'the id of the policy, or built_in/ and the name of the one that comes with the program';

drop index escalation_alarm;
alter table escalation_step
    add column round integer not null default 1,
    add column n integer not null default 0,
    add column repeat integer not null default 0,
    add column who text,
    add column nth integer,
    add column how text,
    add column outcome text,
    add column written_at bigint not null default 0;
comment on column escalation_step.written_at is 'when its waiting began; later than now only where the clock was set back';
comment on column escalation_step.step is 'tell (who, how), no_progress or no_arrival';
comment on column escalation_step.outcome is 'of a step that was done: told, or why nobody was';
update escalation_step s set step = 'tell', who = 'family', nth = 1, how = 'sms', round = 1 + (
    select count(*) from alarm a, jsonb_array_elements(a.object -> 'timeline') e
    where a.id = s.alarm and e ->> 'event' in ('again', 'reopen'))
where step = 'tell_family' and state = 'pending';
create unique index escalation_once on escalation_step (alarm, round, n, repeat) where state <> 'withdrawn' and step = 'tell';
create index escalation_alarm on escalation_step (alarm, due_at);

alter table message
    add column role text not null default 'family',
    add column name text not null default '',
    add column responder text,
    add column account text,
    add column step bigint references escalation_step,
    add column priority smallint not null default 0,
    add column code smallint check (code between 10 and 99),
    add column alarms uuid[] not null default '{}',
    add column sending_since bigint,
    add column delivered_at bigint,
    add column error text;
comment on column message.role is 'as what the recipient is told: family, neighbour, grid_worker, volunteer, duty, supervisor, chat, emergency';
comment on column message.code is 'two digits by which an answer names the alarm; one recipient''s own';
comment on column message.alarms is 'of a bundle: every alarm in it';
comment on column message.sending_since is 'when an attempt began of which it is not known yet whether it arrived';
create index message_recipient on message (recipient, created_at desc);
create index message_by_priority on message (priority desc, id) where state in ('queued', 'sending');

-- Nobody hears the all-clear before the alarm: one message at a time is on its way to a recipient in a channel.
update message set state = 'queued', sending_since = 0 where state = 'sending';
create unique index message_one_at_a_time on message (recipient, channel) where state = 'sending';

-- What an SMS carries is the token; only its SHA-256 is kept.
create table message_link (
    token_hash bytea primary key,
    message bigint not null references message on delete cascade,
    alarm uuid not null references alarm,
    expires_at bigint not null,
    opened_at bigint,
    person text check (person <> ''),
    responder text,
    check (responder is null or person is not null)
);
comment on column message_link.person is 'by what name somebody took the alarm from the page of a group, whose own link this is; null: the recipient''s';
comment on column message_link.responder is 'as which responder they did; null: as nobody who was entered';
create index message_link_message on message_link (message);

create table inbound_message (
    provider_id text primary key,
    channel text not null default 'sms',
    sender text not null,
    body text not null,
    received_at bigint not null,
    message bigint references message on delete set null,
    alarm uuid references alarm,
    meaning text not null,
    answer jsonb
);
comment on column inbound_message.meaning is 'take, there, well, cannot, list, none, unclear, opt_out, unknown_sender, own_number';
comment on column inbound_message.answer is 'what was said back, as template, parameters and language; null: nothing';
create index inbound_message_received on inbound_message (received_at);
create index inbound_message_message on inbound_message (message);
create index inbound_message_sender on inbound_message (sender, received_at desc);

create table shift (
    id text primary key default gen_random_uuid()::text,
    site text not null references site,
    account text not null references account,
    role text not null default 'duty' check (role in ('duty', 'supervisor')),
    from_ms bigint not null,
    to_ms bigint not null,
    stand_in text references account,
    note text,
    check (to_ms > from_ms)
);
comment on column shift.stand_in is 'who is on duty instead of the account for the whole of the shift';
create index shift_site on shift (site, to_ms);
create trigger log_change after insert or update or delete on shift for each row execute function log_registry_change();

create table handover (
    id text primary key default gen_random_uuid()::text,
    site text not null references site,
    from_account text not null references account,
    to_account text not null references account,
    note text,
    offered_at bigint not null,
    confirmed_at bigint,
    withdrawn_at bigint,
    alarms uuid[] not null default '{}'
);
comment on column handover.alarms is 'what was passed, once confirmed';
create index handover_site on handover (site, offered_at desc);
create unique index handover_open on handover (site, from_account) where confirmed_at is null and withdrawn_at is null;

create table consent (
    id text primary key default gen_random_uuid()::text,
    resident_slot integer not null references resident (slot),
    purpose text not null check (purpose in ('location', 'health', 'sharing')),
    granted boolean not null,
    given_by text not null check (given_by in ('resident', 'guardian')),
    guardian text,
    reason text,
    from_ms bigint not null,
    until_ms bigint,
    withdrawn_at bigint,
    check (given_by = 'resident' or (guardian <> '' and reason <> ''))
);
comment on table consent is 'what a resident, or a guardian for a reason, allowed or refused, from a time to a time';
create index consent_resident on consent (resident_slot, purpose);
create trigger log_change after insert or update or delete on consent for each row execute function log_registry_change();

-- A refusal that was broken open during a critical alarm; never changed, never deleted.
create table consent_override (
    id bigint generated always as identity primary key,
    alarm uuid not null references alarm,
    purpose text not null,
    account text not null,
    reason text not null check (reason <> ''),
    at bigint not null
);
create index consent_override_alarm on consent_override (alarm);
