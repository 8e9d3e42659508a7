-- What explains alarms for a while: a site in maintenance (it always ends), a device in repair (until it is given back).

create table suppression (
    id text primary key default gen_random_uuid()::text,
    site text not null,
    device text,
    from_ms bigint not null,
    until_ms bigint check (until_ms > from_ms),
    reason text not null check (reason <> ''),
    by text not null,
    created_ms bigint not null,
    ended_ms bigint,
    ended_by text,
    settled_ms bigint,
    check (device is not null or until_ms is not null)
);
comment on column suppression.device is 'null: the whole site is in maintenance';
comment on column suppression.ended_by is 'null though it has ended: it ended by itself';
comment on column suppression.settled_ms is 'since then all that it kept quiet and that still stood has been heard';

create unique index suppression_of_site on suppression (site) where device is null and ended_ms is null;
create unique index suppression_of_device on suppression (device) where device is not null and ended_ms is null;
create index suppression_unsettled on suppression (site) where settled_ms is null;
create index suppression_by_time on suppression (site, from_ms desc);

-- The alarms that somebody has yet to hear of when what explains them is over.
create index alarm_kept_quiet on alarm ((object -> 'suppression' ->> 'id'))
    where state = 'suppressed' and (object ->> 'recovered_at') is null;
create index alarm_kept_quiet_by_subject on alarm (subject, rule) where state = 'suppressed';
